// The headers of the one zip that belongs to a package's files, as zip_form.py writes them.

import { encoded, joinedBytes } from "./bytes.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {{name: string, size: number, crc: number, start: number}} Entry */

export const FULL16 = 0xffff;
export const FULL32 = 0xffffffff;
const VERSION = 20;
const VERSION64 = 45;
const MADE_BY = (3 << 8) | VERSION64;
const DATE = 0x0021;
const PLAIN_FILE = 0o100644 * 2 ** 16;

/** Numbers, little-endian; in front of each, its bytes. @param {[number, number][]} fields @returns {Bytes} */
function packed(...fields) {
  const data = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) data.setUint16(at, value, true);
    else if (bytes === 4) data.setUint32(at, value, true);
    else data.setBigUint64(at, BigInt(value), true);
    at += bytes;
  }
  return new Uint8Array(data.buffer);
}

/** Numbers that 32 bits have no room for, as an extra field. @param {number[]} numbers */
function zip64(numbers) {
  const large = numbers.filter((number) => number >= FULL32);
  if (!large.length) return packed();
  return packed([2, 1], [2, 8 * large.length], ...large.map((number) => /** @type {[number, number]} */ ([8, number])));
}

/** @param {Entry} entry @returns {Bytes} */
export function localHeader({ name, size, crc }) {
  const extra = zip64([size, size]);
  const small = Math.min(size, FULL32);
  const spelt = encoded(name);
  const head = packed(
    [4, 0x04034b50], [2, extra.length ? VERSION64 : VERSION], [2, 0], [2, 0], [2, 0], [2, DATE], [4, crc],
    [4, small], [4, small], [2, spelt.length], [2, extra.length],
  );
  return joinedBytes(head, spelt, extra);
}

/** @param {Entry} entry @returns {Bytes} */
function centralHeader({ name, size, crc, start }) {
  const extra = zip64([size, size, start]);
  const small = Math.min(size, FULL32);
  const spelt = encoded(name);
  const head = packed(
    [4, 0x02014b50], [2, MADE_BY], [2, extra.length ? VERSION64 : VERSION], [2, 0], [2, 0], [2, 0], [2, DATE],
    [4, crc], [4, small], [4, small], [2, spelt.length], [2, extra.length], [2, 0], [2, 0], [2, 0], [4, PLAIN_FILE],
    [4, Math.min(start, FULL32)],
  );
  return joinedBytes(head, spelt, extra);
}

/** The directory and all that follows, if it begins at this place.
 * @param {Entry[]} entries @param {number} at @returns {Bytes} */
export function directoryOf(entries, at) {
  const data = joinedBytes(...entries.map(centralHeader));
  const [count, length] = [entries.length, data.length];
  const large = count >= FULL16 || length >= FULL32 || at >= FULL32;
  const end64 = packed(
    [4, 0x06064b50], [8, 44], [2, MADE_BY], [2, VERSION64], [4, 0], [4, 0], [8, count], [8, count], [8, length], [8, at],
    [4, 0x07064b50], [4, 0], [8, at + length], [4, 1],
  );
  const few = Math.min(count, FULL16);
  const end = packed(
    [4, 0x06054b50], [2, 0], [2, 0], [2, few], [2, few], [4, Math.min(length, FULL32)], [4, Math.min(at, FULL32)], [2, 0],
  );
  return joinedBytes(data, ...(large ? [end64] : []), end);
}
