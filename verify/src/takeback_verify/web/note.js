// Signed notes, checkpoints and cosignatures, as note.py, checkpoint.py and cosignature.py read them.
// ML-DSA-44 (type 6) is not in the browser's WebCrypto: such signatures are found, and said not to be checked.

import {
  CannotCheck, Malformed, NotProven, decoded, digestOf, encoded, hex, joinedBytes, same, unbase64,
} from "./bytes.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {{name: string, id: Bytes, blob: Bytes}} Signature */
/** @typedef {{text: string, signatures: Signature[]}} Note */
/** @typedef {{name: string, id: Bytes, type: number, public: Bytes, vkey: string}} Key */
/** @typedef {{origin: string, size: number, root: Bytes}} Checkpoint */

const KEY_NAME = /^[^\s+]+$/;
const SIZE = /^(?:0|[1-9][0-9]{0,18})$/;
const KEY_BYTES = new Map([[1, 32], [4, 32], [6, 1312]]);
const SIGNATURE_BYTES = new Map([[1, 64], [4, 72], [6, 2428]]);
export const ED25519 = 1;
export const ML_DSA_44 = 6;

/** @param {Bytes} data @returns {Note} */
export function parseNote(data) {
  if (data.length > 1_000_000) throw new Malformed(`a note of ${data.length} bytes is too long`);
  const whole = decoded(data, "a note");
  const blank = whole.lastIndexOf("\n\n");
  if (blank < 0 || !whole.endsWith("\n")) {
    throw new Malformed("a note is text, a blank line, and signature lines");
  }
  const text = whole.slice(0, blank + 1);
  if (/[\x00-\x09\x0b-\x1f]/.test(text)) throw new Malformed("a note's text has control characters");
  const signatures = whole.slice(blank + 2, -1).split("\n").map(parseSignature);
  if (signatures.length > 100) throw new Malformed("a note has 1 to 100 signatures");
  return { text, signatures };
}

/** @param {string} line @returns {Signature} */
function parseSignature(line) {
  const [dash, name, rest, ...more] = line.split(" ");
  if (dash !== "\u2014" || !name || !KEY_NAME.test(name) || !rest || more.length) {
    throw new Malformed("a signature line is a dash, a name and base64");
  }
  const data = unbase64(rest, "a signature");
  if (data.length < 5) throw new Malformed("a signature is a key id of 4 bytes and at least one byte more");
  return { name, id: data.slice(0, 4), blob: data.slice(4) };
}

/** A public key: name+id+base64. @param {string} vkey @param {number[]} types @returns {Promise<Key>} */
export async function parseKey(vkey, types) {
  const [, name, id, rest] = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  if (name === undefined) throw new Malformed("a public key is name+id+base64");
  const typed = unbase64(rest, "a public key");
  const type = typed[0] ?? 0;
  if (!types.includes(type) || typed.length !== 1 + (KEY_BYTES.get(type) ?? 0)) {
    throw new Malformed(`the key of ${name} has a type or a length that cannot stand here`);
  }
  const found = (await digestOf(joinedBytes(encoded(`${name}\n`), typed))).slice(0, 4);
  if (hex(found) !== id) throw new Malformed("the key's id does not belong to it; was it copied in full?");
  return { name, id: found, type, public: typed.slice(1), vkey };
}

/** @param {Note} note @param {Key} key */
export function isNamed(note, key) {
  return note.signatures.some((s) => s.name === key.name && same(s.id, key.id));
}

/** Check all signatures in a key's name; the earliest moment that it claims, in seconds, or null.
 * @param {Note} note @param {Key} key @returns {Promise<number | null>} */
export async function verifySignature(note, key) {
  const own = note.signatures.filter((s) => s.name === key.name && same(s.id, key.id));
  if (!own.length) throw new NotProven(`the checkpoint is not signed by ${key.name} (${hex(key.id)})`);
  /** @type {number | null} */
  let earliest = null;
  for (const { blob } of own) {
    if (blob.length !== SIGNATURE_BYTES.get(key.type)) {
      throw new NotProven(`the signature by ${key.name} has the wrong length`);
    }
    if (key.type === ML_DSA_44) continue;
    let [message, raw] = [note.text, blob];
    if (key.type !== ED25519) {
      const seconds = Number(new DataView(blob.buffer, blob.byteOffset, 8).getBigUint64(0));
      if (!Number.isSafeInteger(seconds)) {
        throw new NotProven(`the signature by ${key.name} is of a moment that cannot be`);
      }
      message = `cosignature/v1\ntime ${seconds}\n${note.text}`;
      raw = blob.slice(8);
      earliest = Math.min(earliest ?? seconds, seconds);
    }
    if (!(await ed25519(key.public, raw, encoded(message)))) {
      throw new NotProven(`the signature by ${key.name} is wrong`);
    }
  }
  return earliest;
}

/** @param {Bytes} key @param {Bytes} signature @param {Bytes} message */
async function ed25519(key, signature, message) {
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") {
      throw new CannotCheck("this browser does not know Ed25519; a newer one does, or the program takeback-verify");
    }
    return false;
  }
  return crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
}

/** @param {string} text @returns {Checkpoint} */
export function parseCheckpoint(text) {
  const lines = text.split("\n");
  const [origin, size, root, ...rest] = lines;
  if (!origin || size === undefined || root === undefined || lines.at(-1) !== "" || rest.slice(0, -1).includes("")) {
    throw new Malformed("a checkpoint has three lines at least, and each ends with a newline");
  }
  if (!SIZE.test(size) || !Number.isSafeInteger(Number(size))) {
    throw new Malformed("a checkpoint's size is a decimal number without leading zeros");
  }
  const digest = unbase64(root, "a checkpoint's root");
  if (digest.length !== 32) throw new Malformed("a root hash is 32 bytes");
  return { origin, size: Number(size), root: digest };
}

/** A C2SP tlog-proof. @param {Bytes} data */
export function parseTlogProof(data) {
  const whole = decoded(data, "a proof");
  const end = whole.indexOf("\n\n");
  if (end < 0) throw new Malformed("a proof is its lines, an empty line and a checkpoint");
  const lines = whole.slice(0, end).split("\n");
  if (lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Malformed("a proof starts with its name");
  const more = lines[0]?.startsWith("extra ") ? lines.shift()?.slice(6) : undefined;
  const extra = more === undefined ? 0 : unbase64(more, "extra data").length;
  if (more === "") throw new Malformed("the proof is not in canonical form");
  const [, index] = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? "") ?? [];
  if (index === undefined) throw new Malformed("a proof has a line with the entry's index");
  const path = lines.map((line) => unbase64(line, "a proof's hash"));
  if (path.length > 63 || path.some((node) => node.length !== 32)) {
    throw new Malformed("a path is at most 63 hashes of 32 bytes");
  }
  return { index: Number(index), path, extra, note: parseNote(encoded(whole.slice(end + 2))) };
}

