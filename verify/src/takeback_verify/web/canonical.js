// Canonical JSON (RFC 8785), integers only, as canonical.py: what is not its own canonical form is refused.

import { Malformed, decoded, unhex } from "./bytes.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;
const DIGEST = /^[0-9a-f]{64}$/;
const ONE_LINE = /^[^\x00-\x1f\x7f]+$/;
export const MAX_DOCUMENT = 64 * 2 ** 20;

/** @param {unknown} value @returns {string} */
export function writeJson(value) {
  if (Array.isArray(value)) return `[${value.map(writeJson).join(",")}]`;
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new Malformed(`${value} is not an integer`);
    return JSON.stringify(value);
  }
  if (typeof value === "string") {
    if (/\p{Surrogate}/u.test(value)) throw new Malformed("half of a surrogate pair has no canonical form");
    return JSON.stringify(value);
  }
  if (value === null || typeof value === "boolean") return JSON.stringify(value);
  const fields = Object.entries(/** @type {object} */ (value)).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, inner]) => `${writeJson(name)}:${writeJson(inner)}`).join(",")}}`;
}

/** @param {Bytes} data @param {string} what @returns {any} */
export function readJson(data, what) {
  if (data.length > MAX_DOCUMENT) throw new Malformed(`${what} is longer than ${MAX_DOCUMENT} bytes`);
  const text = decoded(data, what);
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Malformed(`${what} is not JSON in UTF-8`);
  }
  let written;
  try {
    written = writeJson(value);
  } catch (error) {
    throw new Malformed(`${what}: ${error instanceof Malformed ? error.message : "nested too deep"}`);
  }
  if (written !== text) throw new Malformed(`${what} is not in canonical form (RFC 8785)`);
  return value;
}

/** A JSON object with exactly these fields; each method takes one out, by its type. */
export class Fields {
  /** @param {any} value @param {string} what @param {string} names divided by blanks */
  constructor(value, what, names) {
    const wanted = names.split(" ").sort();
    const is = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!is || Object.keys(value).sort().join(" ") !== wanted.join(" ")) {
      throw new Malformed(`${what} does not have exactly the fields ${wanted.join(", ")}`);
    }
    this.what = what;
    /** @type {any} */
    this.values = value;
  }

  /** @param {string} name @returns {string} */
  text(name) {
    return this.#like(name, ONE_LINE, "a line of text");
  }

  /** @param {string} name @returns {number} */
  count(name) {
    const value = this.values[name];
    if (!Number.isSafeInteger(value) || value < 0) throw new Malformed(`${this.what}: ${name} is not a number`);
    return value;
  }

  /** @param {string} name */
  digest(name) {
    return unhex(this.#like(name, DIGEST, "64 lower-case hexadecimal digits"));
  }

  /** @param {string} name @returns {string} */
  uuid(name) {
    return this.#like(name, UUID, "a UUID in lower case");
  }

  /** @param {string} name @returns {string} */
  time(name) {
    return checkedTime(this.text(name));
  }

  /** @param {string} name @returns {any[]} */
  rows(name) {
    const value = this.values[name];
    if (!Array.isArray(value)) throw new Malformed(`${this.what}: ${name} is not a list`);
    return value;
  }

  /** Check that "v" is 1. */
  firstVersion() {
    if (this.values.v !== 1) throw new Malformed(`${this.what}: version ${this.values.v}; only 1 is known`);
  }

  /** @param {string} name @param {RegExp} pattern @param {string} kind @returns {string} */
  #like(name, pattern, kind) {
    const value = this.values[name];
    if (typeof value !== "string" || !pattern.test(value)) {
      throw new Malformed(`${this.what}: ${name} is not ${kind}`);
    }
    return value;
  }
}

/** A time in the one spelling of leaves. @param {string} text @returns {string} */
export function checkedTime(text) {
  const at = TIME.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 19) !== text.slice(0, 19)) {
    throw new Malformed(`'${text}' is not a time in UTC with six decimals`);
  }
  return text;
}

/** @param {string} text */
export function isUuid(text) {
  return UUID.test(text);
}
