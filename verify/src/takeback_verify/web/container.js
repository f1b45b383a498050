// The zip, as zipped.py and package.py read it: every byte has one meaning, or it is refused.

import { CannotCheck, Malformed, decoded, digestOf, encoded, joinedBytes, same } from "./bytes.js";
import { MAX_DOCUMENT, isUuid } from "./canonical.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {{name: string, size: number, packed: number, method: number, crc: number, flags: number,
 *   start: number, data: number}} Member */

const FOLDER = "takeback-dossier-";
const MAX_FILES = 100_000;
const MAX_DIRECTORY = 64 * 2 ** 20;
const MAX_UNPACKED = 8 * 2 ** 30;
const MAX_RATIO = 200;
const MAX_IN_MEMORY = 2 ** 30;
const NAME = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;
const FULL16 = 0xffff;
const FULL32 = 0xffffffff;
const ENCRYPTED = 0x1 | 0x40 | 0x2000;
const DESCRIPTOR = 0x8;

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

/** Size, packed size and place, where the 32-bit fields are full (4.5.3).
 * @param {DataView<ArrayBuffer>} data @param {number} at @param {number} length @param {number[]} values */
function largeSizes(data, at, length, values) {
  const wanted = values.flatMap((value, n) => (value === FULL32 ? [n] : []));
  if (!wanted.length) return values;
  for (let end = at + length; at + 4 <= end; at += 4 + data.getUint16(at + 2, true)) {
    const size = data.getUint16(at + 2, true);
    if (data.getUint16(at, true) === 1 && size >= 8 * wanted.length && at + 4 + size <= end) {
      const found = [...values];
      wanted.forEach((n, place) => (found[n] = big(data, at + 4 + 8 * place)));
      return found;
    }
  }
  throw new Malformed("a large file's size is missing in the zip");
}

/** @param {DataView<ArrayBuffer>} data @param {number} at @param {number} length */
function nameAt(data, at, length) {
  const bytes = new Uint8Array(data.buffer, at, length);
  if (bytes.some((byte) => byte > 127)) throw new Malformed("a name in the zip is not ASCII");
  return decoded(bytes, "a name in the zip");
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
      throw new Malformed("the zip's directory is damaged");
    }
    const name = nameAt(data, at + 46, nameLength);
    const values = [20 + 4, 20, 42].map((field) => data.getUint32(at + field, true));
    const [size = 0, packed = 0, start = 0] = largeSizes(data, at + 46 + nameLength, extraLength, values);
    const [flags, method] = [data.getUint16(at + 8, true), data.getUint16(at + 10, true)];
    const attributes = data.getUint32(at + 38, true);
    const kind = (attributes >>> 16) & 0o170000;
    if (flags & ENCRYPTED) throw new Malformed(`${name} is encrypted by the zip`);
    if (method !== 0 && method !== 8) throw new Malformed(`${name} is neither stored nor deflated`);
    if (name.endsWith("/") || attributes & 0x10) throw new Malformed(`${name} is a folder`);
    if (kind !== 0 && kind !== 0o100000) throw new Malformed(`${name} is a link or a device`);
    members.push({ name, size, packed, method, crc: data.getUint32(at + 16, true), flags, start, data: 0 });
    at = end;
  }
  if (at !== data.byteLength) throw new Malformed("the zip's directory is longer than its files");
  return members.sort((one, other) => one.start - other.start);
}

/** How long the data descriptor is, which must repeat the directory (4.3.9).
 * @param {Blob} blob @param {number} at @param {Member} member */
async function descriptorLength(blob, at, member) {
  for (const large of [true, false]) {
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
  throw new Malformed(`the zip contradicts itself behind ${member.name}`);
}

/** The local headers (4.3.7) must say what the directory says, and leave no gap.
 * @param {Blob} blob @param {Member[]} members @param {number} offset */
async function readLocalHeaders(blob, members, offset) {
  let at = 0;
  for (const member of members) {
    if (member.start !== at) {
      throw new Malformed(`there are bytes in the zip before ${member.name} that no file owns`);
    }
    const head = await view(blob, at, 30);
    const [nameLength, extraLength] = [head.getUint16(26, true), head.getUint16(28, true)];
    const rest = await view(blob, at + 30, nameLength + extraLength);
    const values = [head.getUint32(22, true), head.getUint32(18, true), 0];
    const [size = 0, packed = 0] = largeSizes(rest, nameLength, extraLength, values);
    const flags = head.getUint16(6, true);
    const crc = head.getUint32(14, true);
    const openEnded = Boolean(flags & DESCRIPTOR) && !crc && !size && !packed;
    if (
      head.getUint32(0, true) !== 0x04034b50 || flags !== member.flags ||
      head.getUint16(8, true) !== member.method ||
      !same(new Uint8Array(rest.buffer, 0, nameLength), encoded(member.name)) ||
      !(openEnded || (crc === member.crc && size === member.size && packed === member.packed))
    ) {
      throw new Malformed(`the zip contradicts itself about ${member.name}`);
    }
    member.data = at + 30 + nameLength + extraLength;
    at = member.data + member.packed;
    if (flags & DESCRIPTOR) at += await descriptorLength(blob, at, member);
  }
  if (at !== offset) throw new Malformed("there are bytes in the zip before its directory that no file owns");
}

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/** An opened package: which files there are, and what is in them. */
export class Package {
  /** @type {Map<string, Bytes>} */
  #digests = new Map();
  #blob;
  /** The names, rising. @type {string[]} */
  #sorted;

  /** @param {Blob} blob @param {string} id @param {Map<string, Member>} members */
  constructor(blob, id, members) {
    this.#blob = blob;
    this.id = id;
    this.members = members;
    this.#sorted = [...members.keys()].sort();
  }

  /** @param {string} name */
  has(name) {
    return this.members.has(name);
  }

  /** @param {string} [under] */
  names(under = "") {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] ?? "") < under) low = middle + 1;
      else high = middle;
    }
    while (this.#sorted[high]?.startsWith(under)) high++;
    return this.#sorted.slice(low, high);
  }

  /** @param {string} name @returns {Member} */
  member(name) {
    const member = this.members.get(name);
    if (!member) throw new Malformed(`${name} is missing`);
    return member;
  }

  /** @param {string} name */
  size(name) {
    return this.member(name).size;
  }

  /** A whole document. @param {string} name */
  async read(name) {
    if (this.size(name) > MAX_DOCUMENT) throw new Malformed(`${name} is longer than ${MAX_DOCUMENT} bytes`);
    return this.#bytes(this.member(name));
  }

  /** A file's SHA-256; computed once. @param {string} name @returns {Promise<Bytes>} */
  async digest(name) {
    const known = this.#digests.get(name);
    if (known) return known;
    const found = await digestOf(await this.#bytes(this.member(name)));
    this.#digests.set(name, found);
    return found;
  }

  /** @param {Member} member @returns {Promise<Bytes>} */
  async #bytes(member) {
    const { name, size, crc, method, data, packed } = member;
    if (size > MAX_IN_MEMORY) {
      throw new CannotCheck(`${name} is too large for a browser; use the program takeback-verify`);
    }
    const raw = this.#blob.slice(data, data + packed);
    const stream = method === 8 ? raw.stream().pipeThrough(new DecompressionStream("deflate-raw")) : raw.stream();
    const whole = new Uint8Array(size);
    let at = 0;
    let check = ~0;
    const reader = stream.getReader();
    try {
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        if (at + read.value.length > size) throw new Malformed(`${name} is larger than the zip says`);
        whole.set(read.value, at);
        at += read.value.length;
        for (const byte of read.value) check = (CRC[(check ^ byte) & 0xff] ?? 0) ^ (check >>> 8);
      }
    } catch (error) {
      await reader.cancel().catch(() => undefined);
      if (error instanceof Malformed) throw error;
      throw new Malformed(`${name} is damaged: it cannot be inflated`);
    }
    if (at !== size || ~check >>> 0 !== crc) {
      throw new Malformed(`${name} is damaged: it is not what the zip says of it`);
    }
    return whole;
  }
}

/** The package in a file. @param {Blob} blob @returns {Promise<Package>} */
export async function openPackage(blob) {
  const { files, size, offset, end } = await readEnd(blob);
  if (files > MAX_FILES || size > MAX_DIRECTORY) {
    throw new Malformed(`the zip has ${files} files; at most ${MAX_FILES} are allowed`);
  }
  if (offset + size !== end) throw new Malformed("the zip's directory does not lie where its end says");
  const members = readDirectory(await view(blob, offset, size), files);
  await readLocalHeaders(blob, members, offset);
  const [first] = members;
  if (!first || !members.some((member) => member.name.startsWith(FOLDER))) {
    throw new CannotCheck(`the zip has no folder ${FOLDER}...; it is not a package of this kind`);
  }
  // 1. Plain names, in one folder, none twice.
  const folder = first.name.split("/", 1)[0] ?? "";
  const id = folder.slice(FOLDER.length);
  if (!folder.startsWith(FOLDER) || !isUuid(id)) {
    throw new Malformed(`${first.name} does not lie in the package's folder`);
  }
  /** @type {Map<string, Member>} */
  const found = new Map();
  const folded = new Set();
  for (const member of members) {
    if (!member.name.startsWith(`${folder}/`)) {
      throw new Malformed(`${member.name} does not lie in the package's folder`);
    }
    const name = member.name.slice(folder.length + 1);
    if (!NAME.test(name) || name.split("/").some((part) => part === "." || part === "..")) {
      throw new Malformed(`'${member.name}' is not a name that a package may have`);
    }
    if (folded.has(name.toLowerCase())) throw new Malformed(`${name} is there twice`);
    folded.add(name.toLowerCase());
    found.set(name, member);
  }
  // 2. Not larger than anybody would expect.
  const unpacked = members.reduce((sum, member) => sum + member.size, 0);
  if (unpacked > MAX_UNPACKED || unpacked > MAX_RATIO * blob.size) {
    throw new Malformed(`the zip of ${blob.size} bytes would unpack to ${unpacked}`);
  }
  return new Package(blob, id, found);
}
