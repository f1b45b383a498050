/**
 * Turns a picture file into its numbers, beside the page so that the page never freezes.
 *
 * The pixels must be the server's: full size (a canvas that shrinks moves the hash by 14 bits), colours as they are in
 * the file, turned as the camera said, transparency laid on white. The file is read here and nowhere else; nothing
 * in this worker can send anything.
 */

import { hashLuma, luma } from "./pdq.js";

/** @typedef {"unreadable" | "too_large" | "too_small" | "hidden_pixels" | "browser"} Why */
/** @typedef {{ id: number, file: Blob }} Job */
/**
 * @typedef {{ id: number, kind: "progress", part: number }
 *   | { id: number, kind: "done", flips: string[], quality: number }
 *   | { id: number, kind: "failed", why: Why }} Answer
 */

const MOST_PIXELS = 100_000_000;
const LONGEST_SIDE = 16_384; // the largest canvas that browsers agree on
const SMALLEST_SIDE = 5;
const STRIP_PIXELS = 1 << 21;
/** How much of the bar is for reading the file, before the first number is computed. */
const READING = 0.2;

class Failed extends Error {
  /** @param {Why} why */
  constructor(why) {
    super(why);
    this.why = why;
  }
}

/** @param {Answer} answer */
function tell(answer) {
  self.postMessage(answer);
}

/**
 * Whether this browser hands out pixels as they are; some blur them so that no page can tell devices apart.
 */
function pixelsAreHonest() {
  const side = 32;
  const brush = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
  if (!brush) {
    return false;
  }
  const pattern = brush.createImageData(side, side);
  for (let at = 0; at < pattern.data.length; at += 1) {
    pattern.data[at] = at % 4 === 3 ? 255 : (at * 37) % 256;
  }
  brush.putImageData(pattern, 0, 0);
  const seen = brush.getImageData(0, 0, side, side).data;
  return seen.every((value, at) => value === pattern.data[at]);
}

/**
 * @param {Blob} file
 * @returns {Promise<ImageBitmap>}
 */
async function open(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, {
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
      imageOrientation: "from-image",
    });
  } catch (error) {
    throw new Failed(error instanceof TypeError ? "browser" : "unreadable");
  }
  const { width, height } = bitmap;
  if (width * height > MOST_PIXELS || Math.max(width, height) > LONGEST_SIDE) {
    bitmap.close();
    throw new Failed("too_large");
  }
  if (Math.min(width, height) < SMALLEST_SIDE) {
    bitmap.close();
    throw new Failed("too_small");
  }
  return bitmap;
}

/**
 * @param {ImageBitmap} bitmap
 * @param {(part: number) => void} progress
 * @returns {Float32Array}
 */
function lumaOf(bitmap, progress) {
  const { width, height } = bitmap;
  const rows = Math.max(1, Math.min(height, Math.floor(STRIP_PIXELS / width)));
  // Strip by strip, so that a phone needs four bytes a pixel and not twelve.
  const brush = new OffscreenCanvas(width, rows).getContext("2d", { alpha: false, willReadFrequently: true });
  if (!brush) {
    throw new Failed("browser");
  }
  const grey = new Float32Array(width * height);
  for (let top = 0; top < height; top += rows) {
    const here = Math.min(rows, height - top);
    brush.fillStyle = "#fff";
    brush.fillRect(0, 0, width, here);
    brush.drawImage(bitmap, 0, top, width, here, 0, 0, width, here);
    luma(brush.getImageData(0, 0, width, here).data, grey, top * width);
    progress((top + here) / height);
  }
  return grey;
}

/** @param {Job} job */
async function work({ id, file }) {
  /** @param {number} part */
  const progress = (part) => tell({ id, kind: "progress", part });
  try {
    if (typeof OffscreenCanvas === "undefined") {
      throw new Failed("browser");
    }
    if (!pixelsAreHonest()) {
      throw new Failed("hidden_pixels");
    }
    progress(0.02);
    const bitmap = await open(file);
    const { width, height } = bitmap;
    const grey = lumaOf(bitmap, (part) => progress(READING * part));
    bitmap.close();
    const hash = hashLuma(grey, width, height, (part) => progress(READING + (1 - READING) * part));
    tell({ id, kind: "done", ...hash });
  } catch (error) {
    // Whatever else happens here (memory, most of all) is a fault of size or of the browser, and she is told so.
    const why = error instanceof Failed ? error.why : error instanceof RangeError ? "too_large" : "browser";
    tell({ id, kind: "failed", why });
  }
}

/** Pictures are done one after the other: two at once would double the memory that a phone must find. */
let queue = Promise.resolve();
self.addEventListener("message", (/** @type {MessageEvent<Job>} */ event) => {
  queue = queue.then(() => work(event.data));
});
