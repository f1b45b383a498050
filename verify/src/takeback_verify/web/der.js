// DER (X.690): just enough to read timestamps and certificates, and strict about the one spelling.

import { Malformed } from "./bytes.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

/** One element: its tag, its content, and all of its bytes. */
export class Element {
  /** @param {number} tag @param {Bytes} content @param {Bytes} whole */
  constructor(tag, content, whole) {
    this.tag = tag;
    this.content = content;
    this.whole = whole;
  }

  /** What is inside; `tag` says what this must be. @param {number} tag @returns {Element[]} */
  inside(tag) {
    this.must(tag);
    const found = [];
    for (let at = 0; at < this.content.length; ) {
      const element = elementAt(this.content, at);
      found.push(element);
      at += element.whole.length;
    }
    return found;
  }

  /** @param {number} tag */
  must(tag) {
    if (this.tag !== tag) throw new Malformed("a timestamp or certificate is not built as it should be");
    return this;
  }

  /** An object identifier in dots. @returns {string} */
  oid() {
    this.must(OID);
    const parts = [];
    let value = 0;
    for (const byte of this.content) {
      value = value * 128 + (byte & 0x7f);
      if (byte & 0x80) continue;
      if (parts.length) parts.push(value);
      else parts.push(Math.min(Math.floor(value / 40), 2), value - 40 * Math.min(Math.floor(value / 40), 2));
      value = 0;
    }
    return parts.join(".");
  }

  /** A small integer. @returns {number} */
  integer() {
    this.must(INTEGER);
    if (this.content.length > 4) throw new Malformed("a number in a timestamp is too large");
    return this.content.reduce((sum, byte) => sum * 256 + byte, 0);
  }

  /** The bytes of a bit string without unused bits. @returns {Bytes} */
  bits() {
    if (this.must(BITS).content[0] !== 0) throw new Malformed("a bit string has unused bits");
    return this.content.slice(1);
  }

  /** UTCTime or GeneralizedTime, in milliseconds since 1970. @returns {number} */
  time() {
    const text = String.fromCharCode(...this.content);
    const short = this.tag === UTC_TIME;
    const match = (short ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d*[1-9]))?Z$/)
      .exec(text);
    if (!match || (!short && this.tag !== GENERAL_TIME)) throw new Malformed("a time is not in UTC to the second");
    const [, year = "", month, dayOf, hour, minute, second, fraction = "0"] = match;
    const century = short ? (Number(year) < 50 ? "20" : "19") : "";
    const at = Date.parse(`${century}${year}-${month}-${dayOf}T${hour}:${minute}:${second}Z`);
    if (Number.isNaN(at)) throw new Malformed("a time is not a time");
    return at + Math.floor(Number(`0.${fraction}`) * 1000);
  }
}

export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BITS = 0x03;
export const OCTETS = 0x04;
export const OID = 0x06;
export const UTC_TIME = 0x17;
export const GENERAL_TIME = 0x18;
export const SEQUENCE = 0x30;
export const SET = 0x31;
/** Context-specific, constructed. @param {number} n */
export const explicit = (n) => 0xa0 + n;

/** One element and nothing behind it. @param {Bytes} data @returns {Element} */
export function readDer(data) {
  const element = elementAt(data, 0);
  if (element.whole.length !== data.length) throw new Malformed("there are bytes behind a timestamp or certificate");
  return element;
}

/** @param {Bytes} data @param {number} at @returns {Element} */
function elementAt(data, at) {
  const tag = data[at];
  let length = data[at + 1];
  let start = at + 2;
  if (tag === undefined || length === undefined || (tag & 0x1f) === 0x1f) {
    throw new Malformed("a timestamp or certificate is cut short");
  }
  if (length >= 0x80) {
    const bytes = length & 0x7f;
    if (bytes < 1 || bytes > 4) throw new Malformed("a length is not in DER");
    length = 0;
    for (const byte of data.slice(start, start + bytes)) length = length * 256 + byte;
    start += bytes;
    if (length < 0x80 || (bytes > 1 && length < 256 ** (bytes - 1))) throw new Malformed("a length is not in DER");
  }
  if (start + length > data.length) throw new Malformed("a timestamp or certificate is cut short");
  return new Element(tag, data.slice(start, start + length), data.slice(at, start + length));
}
