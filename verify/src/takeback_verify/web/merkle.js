// The tree's two proofs, as merkle.py checks them: steps carry the numbers of RFC 9162.

import { NotProven, digestOf, joinedBytes, same } from "./bytes.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

/** @param {Bytes} data */
export function leafHash(data) {
  return digestOf(joinedBytes(Uint8Array.of(0), data));
}

/** @param {Bytes} left @param {Bytes} right */
function nodeHash(left, right) {
  return digestOf(joinedBytes(Uint8Array.of(1), left, right));
}

/** 2.1.3.2. Sizes may pass 2**31, so halves are taken by division.
 * @param {Bytes} leaf @param {number} index @param {number} size @param {Bytes[]} path @param {Bytes} root */
export async function verifyInclusion(leaf, index, size, path, root) {
  // 1.
  if (index >= size) throw new NotProven(`there is no leaf ${index} in a tree of ${size}`);
  // 2. and 3.
  let [fn, sn, r] = [index, size - 1, leaf];
  // 4.
  for (const step of path) {
    if (sn === 0) throw new NotProven("the inclusion proof is too long");
    if (fn % 2 === 1 || fn === sn) {
      r = await nodeHash(step, r);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else {
      r = await nodeHash(r, step);
    }
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  // 5.
  if (sn !== 0) throw new NotProven("the inclusion proof is too short");
  if (!same(r, root)) throw new NotProven("the inclusion proof leads to another root");
}

/** 2.1.4.2; equal trees and the empty tree need an empty proof.
 * @param {number} first @param {number} second @param {Bytes[]} path
 * @param {Bytes} firstRoot @param {Bytes} secondRoot */
export async function verifyConsistency(first, second, path, firstRoot, secondRoot) {
  if (first > second) throw new NotProven(`a tree of ${first} leaves cannot grow into one of ${second}`);
  if (first === 0 || first === second) {
    const root = first === second ? secondRoot : await digestOf(new Uint8Array());
    if (path.length) throw new NotProven("the consistency proof should be empty");
    if (!same(firstRoot, root)) throw new NotProven("two trees of the same size have different roots");
    if (first === 0 && !same(firstRoot, await digestOf(new Uint8Array()))) {
      throw new NotProven("the empty tree has another root");
    }
    return;
  }
  // 1.
  if (!path.length) throw new NotProven("the consistency proof is empty");
  // 2.
  const power = first.toString(2).lastIndexOf("1") === 0;
  const steps = power ? [firstRoot, ...path] : path;
  // 3. and 4.
  let [fn, sn] = [first - 1, second - 1];
  while (fn % 2 === 1) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  // 5.
  let fr = /** @type {Bytes} */ (steps[0]);
  let sr = fr;
  // 6.
  for (const step of steps.slice(1)) {
    if (sn === 0) throw new NotProven("the consistency proof is too long");
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [await nodeHash(step, fr), await nodeHash(step, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else {
      sr = await nodeHash(sr, step);
    }
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  // 7.
  if (sn !== 0) throw new NotProven("the consistency proof is too short");
  if (!same(fr, firstRoot) || !same(sr, secondRoot)) {
    throw new NotProven("the consistency proof leads to other roots");
  }
}
