// The zip's own tables, as zipped.py and extras.py read them: all readers find the same bytes, or it is refused.

import { CannotCheck, Malformed, decoded, encoded, hex, joinedBytes, same } from "./bytes.js";
import { shown } from "./names.js";
import { FULL16, FULL32, directoryOf, localHeader } from "./zipform.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {{name: string, size: number, packed: number, method: number, crc: number, flags: number,
 *   start: number, data: number}} Member */

export const MAX_FILES = 100_000;
const MAX_DIRECTORY = 64 * 2 ** 20;
const FLAGS = 0x2 | 0x4 | 0x8 | 0x800;
const ENCRYPTED = 0x1 | 0x40 | 0x2000;
const DESCRIPTOR = 0x8;
const DOS_STRANGE = 0x8 | 0x40 | 0x400;
const ZIP64 = 0x0001;
const UNICODE_PATH = 0x7075;

/** @param {Blob} blob @param {number} at @param {number} length @returns {Promise<DataView<ArrayBuffer>>} */
async function view(blob, at, length) {
  const found = await blob.slice(Math.max(0, at), Math.max(0, at + length)).arrayBuffer();
  if (found.byteLength !== length) throw new Malformed("the zip is cut short");
  return new DataView(found);
}

/** @param {DataView<ArrayBuffer>} data @param {number} at */
function big(data, at) {
  return Number(data.getBigUint64(at, true));
}

/** Number of files, length, place and end of the directory (APPNOTE 4.3.14 to 4.3.16). @param {Blob} blob */
async function readEnd(blob) {
  const length = Math.min(blob.size, 22 + FULL16);
  const tail = await view(blob, blob.size - length, length);
  let found = -1;
  for (let at = length - 22; at >= 0 && found < 0; at--) {
    if (tail.getUint32(at, true) === 0x06054b50) found = at;
  }
  if (found < 0) throw new CannotCheck("the file is not a zip, or its end is missing");
  if (found + 22 !== length || tail.getUint16(found + 20, true)) {
    throw new Malformed("there are bytes behind the end of the zip");
  }
  for (let at = 0; at < found; at++) {
    if (tail.getUint32(at, true) === 0x06054b50 && at + 22 <= found && tail.getUint16(at + 20, true) === found - at) {
      throw new Malformed("the zip has two ends");
    }
  }
  const files = tail.getUint16(found + 10, true);
  const size = tail.getUint32(found + 12, true);
  const offset = tail.getUint32(found + 16, true);
  if (tail.getUint32(found + 4, true) || tail.getUint16(found + 8, true) !== files) {
    throw new Malformed("the zip is one part of several");
  }
  const end = blob.size - 22;
  const locator = end >= 20 ? await view(blob, end - 20, 20) : null;
  if (!locator || locator.getUint32(0, true) !== 0x07064b50) return { files, size, offset, end };
  const at = big(locator, 8);
  if (
    locator.getUint32(4, true) || locator.getUint32(16, true) > 1 || at + 56 !== end - 20
  ) {
    throw new Malformed("the zip's end for large files is not where it should be");
  }
  const large = await view(blob, at, 56);
  /** @type {[number, number, number][]} */
  const said = [[files, FULL16, big(large, 32)], [size, FULL32, big(large, 40)], [offset, FULL32, big(large, 48)]];
  if (
    said.some(([small, full, value]) => small !== full && small !== value) ||
    large.getUint32(0, true) !== 0x06064b50 || big(large, 4) !== 44 || large.getUint32(16, true) ||
    large.getUint32(20, true) || big(large, 24) !== big(large, 32)
  ) {
    throw new Malformed("the zip's end for large files is not what it should be");
  }
  return { files: big(large, 32), size: big(large, 40), offset: big(large, 48), end: at };
}

/** The extra fields of one header, by kind. @param {Bytes} extra @param {Bytes} name @param {string} what */
function readExtras(extra, name, what) {
  /** @type {Map<number, Bytes>} */
  const fields = new Map();
  for (let at = 0; at < extra.length; ) {
    const [a = 255, b = 255, c = 255, d = 255] = extra.slice(at, at + 4);
    const [kind, length] = [a | (b << 8), c | (d << 8)];
    const data = extra.slice(at + 4, at + 4 + length);
    if (data.length !== length || fields.has(kind) || !isHarmless(kind, data, name)) {
      const number = `0x${kind.toString(16).padStart(4, "0")}`;
      throw new Malformed(`the zip says more of ${what} than its name and its bytes (extra field ${number})`);
    }
    fields.set(kind, data);
    at += 4 + length;
  }
  return fields;
}

/** @param {number} kind @param {Bytes} data @param {Bytes} name */
function isHarmless(kind, data, name) {
  const { length } = data;
  if (kind === ZIP64) return true;
  if (kind === 0x000a) return length === 32 && hex(data.slice(0, 8)) === "0000000001001800"; // NTFS: three times
  if (kind === 0x5455) return [1, 5, 9, 13].includes(length) && (data[0] ?? 8) < 8; // Unix: up to three times
  if (kind === 0x5855) return length === 8 || length === 12; // older: two times; user and group
  if (kind === 0x7855) return length === 0 || length === 4; // older: user and group
  if (kind === 0x7875) { // user and group
    const one = data[1] ?? 0;
    const other = data[2 + one] ?? 0;
    return data[0] === 1 && [4, 8].includes(one) && [4, 8].includes(other) && length === 3 + one + other;
  }
  if (kind !== UNICODE_PATH) return false;
  const check = new DataView(new ArrayBuffer(5));
  check.setUint8(0, 1);
  check.setUint32(1, crcOf(name), true);
  return same(data, joinedBytes(new Uint8Array(check.buffer), name));
}

/** Sizes and places of a header, those too that its 32-bit fields have no room for (4.5.3).
 * @param {Map<number, Bytes>} fields @param {number[]} small @param {string} what */
function readSizes(fields, small, what) {
  const wanted = small.flatMap((value, n) => (value === FULL32 ? [n] : []));
  const data = fields.get(ZIP64);
  if (!data && !wanted.length) return small;
  if (!data || data.length !== 8 * (wanted.length || 2)) {
    throw new Malformed(`the zip contradicts itself about the size of ${what}`);
  }
  const numbers = new DataView(data.buffer, data.byteOffset);
  const found = [...small];
  (wanted.length ? wanted : [0, 1]).forEach((n, place) => (found[n] = big(numbers, 8 * place)));
  if (!wanted.length && found.some((value, n) => value !== small[n])) {
    throw new Malformed(`the zip contradicts itself about the size of ${what}`);
  }
  return found;
}

/** The central directory (4.3.12). @param {DataView<ArrayBuffer>} data @param {number} files */
function readDirectory(data, files) {
  /** @type {Member[]} */
  const members = [];
  let at = 0;
  for (let n = 0; n < files; n++) {
    if (at + 46 > data.byteLength || data.getUint32(at, true) !== 0x02014b50) {
      throw new Malformed("the zip's directory is damaged");
    }
    const [nameLength, extraLength] = [data.getUint16(at + 28, true), data.getUint16(at + 30, true)];
    const end = at + 46 + nameLength + extraLength;
    if (end > data.byteLength || data.getUint16(at + 32, true) || data.getUint16(at + 34, true)) {
      throw new Malformed("the zip's directory is damaged, or comments on its files");
    }
    const raw = new Uint8Array(data.buffer, at + 46, nameLength);
    const name = decoded(raw, "a name in the zip");
    const values = [20 + 4, 20, 42].map((field) => data.getUint32(at + field, true));
    const extras = readExtras(new Uint8Array(data.buffer, at + 46 + nameLength, extraLength), raw, shown(name));
    const [size = 0, packed = 0, start = 0] = readSizes(extras, values, shown(name));
    const [flags, method] = [data.getUint16(at + 8, true), data.getUint16(at + 10, true)];
    members.push({ name, size, packed, method, crc: data.getUint32(at + 16, true), flags, start, data: 0 });
    checkKind(/** @type {Member} */ (members.at(-1)), data.getUint32(at + 38, true));
    at = end;
  }
  if (at !== data.byteLength) throw new Malformed("the zip's directory is longer than its files");
  return members.sort((one, other) => one.start - other.start);
}

/** @param {Member} member */
export function isFolder(member) {
  return member.name.endsWith("/");
}

/** Refuse what is no plain file, stored or deflated, and no empty folder. @param {Member} member @param {number} attributes */
function checkKind(member, attributes) {
  const [name, folder, mode] = [shown(member.name), isFolder(member), attributes >>> 16];
  const { flags, method, size, packed, crc } = member;
  if (flags & ENCRYPTED) throw new Malformed(`${name} is encrypted by the zip`);
  if (method !== 0 && method !== 8) throw new Malformed(`${name} is neither stored nor deflated`);
  if (flags & ~FLAGS || (method === 0 && size !== packed)) {
    throw new Malformed(`${name} is packed in a way that readers may not know`);
  }
  const kind = mode & 0o170000;
  const strange = mode & (folder ? 0o4000 : 0o7000) || attributes & DOS_STRANGE;
  if ((kind !== 0 && kind !== (folder ? 0o040000 : 0o100000)) || strange) {
    throw new Malformed(`${name} is a link or a device, or has a right that a plain file has not`);
  }
  if (attributes & 0x10 && !folder) throw new Malformed(`${name} is a folder and a file`);
  if (folder && (size || crc)) throw new Malformed(`${name} is a folder with bytes of its own`);
}

/** Refuse a stored file whose end a reader without the directory must guess from its bytes.
 * @param {Member} member @param {boolean} trusted */
export function checkEndIsSeen(member, trusted) {
  if (member.flags & DESCRIPTOR && member.method === 0 && member.size && !trusted) {
    throw new Malformed(`the zip does not say before ${shown(member.name)} where it ends`);
  }
}

/** How long the data descriptor is, which must repeat the directory (4.3.9).
 * @param {Blob} blob @param {number} at @param {Member} member @param {boolean} large */
async function descriptorLength(blob, at, member, large) {
  const numbers = [member.crc, member.packed, member.size];
  if (large || Math.max(...numbers) <= FULL32) {
    const body = new DataView(new ArrayBuffer(large ? 20 : 12));
    body.setUint32(0, member.crc, true);
    if (large) {
      body.setBigUint64(4, BigInt(member.packed), true);
      body.setBigUint64(12, BigInt(member.size), true);
    } else {
      body.setUint32(4, member.packed, true);
      body.setUint32(8, member.size, true);
    }
    for (const signature of ["PK\x07\x08", ""]) {
      const expected = joinedBytes(encoded(signature), new Uint8Array(body.buffer));
      const found = new Uint8Array(await blob.slice(at, at + expected.length).arrayBuffer());
      if (same(found, expected)) return expected.length;
    }
  }
  throw new Malformed(`the zip contradicts itself behind ${shown(member.name)}`);
}

/** The local headers (4.3.7) must say what the directory says, and leave no gap; whether they are all as the
 * zip's one form has them. @param {Blob} blob @param {Member[]} members @param {number} offset */
async function readLocalHeaders(blob, members, offset) {
  let at = 0;
  let formal = true;
  for (const member of members) {
    const name = shown(member.name);
    if (member.start !== at) throw new Malformed(`there are bytes in the zip before ${name} that no file owns`);
    const head = await view(blob, at, 30);
    const [nameLength, extraLength] = [head.getUint16(26, true), head.getUint16(28, true)];
    const rest = new Uint8Array((await view(blob, at + 30, nameLength + extraLength)).buffer);
    const raw = rest.slice(0, nameLength);
    const extras = readExtras(rest.slice(nameLength), raw, name);
    const [size = 0, packed = 0] = readSizes(extras, [22, 18].map((field) => head.getUint32(field, true)), name);
    const flags = head.getUint16(6, true);
    const later = Boolean(flags & DESCRIPTOR);
    const numbers = [[head.getUint32(14, true), member.crc], [packed, member.packed], [size, member.size]];
    if (
      head.getUint32(0, true) !== 0x04034b50 || flags !== member.flags ||
      head.getUint16(8, true) !== member.method || !same(raw, encoded(member.name)) ||
      numbers.some(([said, known]) => said !== known && !(later && said === 0))
    ) {
      throw new Malformed(`the zip contradicts itself about ${name}`);
    }
    member.data = at + 30 + nameLength + extraLength;
    formal &&= same(joinedBytes(new Uint8Array(head.buffer), rest), localHeader(member));
    at = member.data + member.packed;
    if (later) {
      checkEndIsSeen(member, member.name.endsWith(".age"));
      at += await descriptorLength(blob, at, member, extras.has(ZIP64));
    }
  }
  if (at !== offset) throw new Malformed("there are bytes in the zip before its directory that no file owns");
  return formal;
}

/** All files and folders of a zip, and whether it is the one that belongs to them. @param {Blob} blob */
export async function readMembers(blob) {
  const { files, size, offset, end } = await readEnd(blob);
  if (files > MAX_FILES || size > MAX_DIRECTORY) {
    throw new Malformed(`the zip has ${files} files; at most ${MAX_FILES} are allowed`);
  }
  if (offset + size !== end) throw new Malformed("the zip's directory does not lie where its end says");
  const members = readDirectory(await view(blob, offset, size), files);
  const formal = await readLocalHeaders(blob, members, offset);
  const names = members.map((member) => member.name);
  if (new Set(names).size !== names.length) throw new Malformed("a name is there twice in the zip");
  const inOrder = names.every((name, n) => n === 0 || (names[n - 1] ?? "") < name);
  const tail = new Uint8Array(await blob.slice(offset).arrayBuffer());
  return { members, formal: formal && inOrder && same(tail, directoryOf(members, offset)) };
}

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/** The checksum of bytes, or of more bytes behind those that gave `before`. @param {Bytes} data @param {number} [before] */
export function crcOf(data, before = 0) {
  let check = ~before;
  for (const byte of data) check = (CRC[(check ^ byte) & 0xff] ?? 0) ^ (check >>> 8);
  return ~check >>> 0;
}
