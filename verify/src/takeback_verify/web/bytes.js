// Bytes, and what goes wrong with them. Errors are those of errors.py.

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

export class VerifyError extends Error {}
/** Not canonical, not complete, or not this format at all. */
export class Malformed extends VerifyError {}
/** A signature or a proof does not hold. */
export class NotProven extends VerifyError {}
/** A checkpoint of a log that the policy does not know. */
export class UnknownLog extends NotProven {}
/** Nothing can be said: not a package, nothing usable to check it with, or a browser that cannot. */
export class CannotCheck extends VerifyError {}
/** More than one thing is wrong. */
export class Problems extends VerifyError {
  /** @param {string[]} problems */
  constructor(problems) {
    super(problems.join("; "));
    this.problems = problems;
  }
}

/** @param {string} text @returns {Bytes} */
export function encoded(text) {
  return new TextEncoder().encode(text);
}

/** Strict UTF-8. @param {Bytes} data @param {string} what @returns {string} */
export function decoded(data, what) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new Malformed(`${what} is not UTF-8`);
  }
}

/** @param {Bytes[]} pieces @returns {Bytes} */
export function joinedBytes(...pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** @param {Bytes} one @param {Bytes} other */
export function same(one, other) {
  return one.length === other.length && one.every((byte, n) => byte === other[n]);
}

/** @param {Bytes} data */
export function hex(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} text @returns {Bytes} */
export function unhex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** @param {Bytes} data */
export function base64(data) {
  let text = "";
  for (const byte of data) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Bytes in their one base64 spelling. @param {unknown} text @param {string} what @returns {Bytes} */
export function unbase64(text, what) {
  try {
    const found = Uint8Array.from(atob(String(text)), (letter) => letter.charCodeAt(0));
    if (typeof text === "string" && base64(found) === text) return found;
  } catch {
    // said below
  }
  throw new Malformed(`${what} is not base64`);
}

/** @param {Bytes} data @param {string} [algorithm] @returns {Promise<Bytes>} */
export async function digestOf(data, algorithm = "SHA-256") {
  return new Uint8Array(await crypto.subtle.digest(algorithm, data));
}

const MONTHS = [
  "January", "February", "March", "April", "May", "June",
  "July", "August", "September", "October", "November", "December",
];
const SMALL = ["no", "one", "two", "three", "four", "five", "six"];

/** "3 March 2026", of a time as leaves spell it. @param {string} at */
export function day(at) {
  return `${Number(at.slice(8, 10))} ${MONTHS[Number(at.slice(5, 7)) - 1]} ${Number(at.slice(0, 4))}`;
}

/** "12:00:05" @param {string} at */
export function clock(at) {
  return at.slice(11, 19);
}

/** "3 March 2026 at 12:00:05 UTC" @param {string} at */
export function when(at) {
  return `${day(at)} at ${clock(at)} UTC`;
}

/** A moment in milliseconds since 1970, as leaves spell times. @param {number} at */
export function spelt(at) {
  return new Date(at).toISOString().replace("Z", "000Z");
}

/** "1 file", "1,024 files" @param {number} number @param {string} noun */
export function count(number, noun) {
  if (number === 1) return `1 ${noun}`;
  const plural = noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : noun + (noun.endsWith("s") ? "es" : "s");
  return `${number.toLocaleString("en-US")} ${plural}`;
}

/** "two", or "12" @param {number} number */
export function small(number) {
  return SMALL[number] ?? String(number);
}

/** "a, b and c" @param {string[]} words */
export function listed(words) {
  return words.length === 1 ? `${words[0]}` : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** With a capital letter. @param {string} text */
export function capital(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
