/**
 * PDQ on the device that holds the picture, bit for bit what the server computes.
 *
 * PDQ (Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019) is defined here by
 * `pdqhash` 0.2.8: single-precision running sums, whose rounding depends on the order of additions. So this module
 * makes the same additions in the same order (`Math.fround` rounds as C's float does); the steps are numbered as in
 * `signals/pdq/reference.py`. The trade-off: every flip is summed up for itself, eight times the work, because a
 * hash that differs from the server's by even a few bits may miss a copy.
 *
 * Pure: pixels in, numbers out.
 */

/**
 * @typedef {object} PictureHash
 * @property {string[]} flips Eight hashes as hexadecimal, in the order of `Flip` in `signals/model.py`.
 * @property {number} quality 0 to 100: how much detail the picture as it is has.
 */

/**
 * @typedef {object} Laid Where pixels are found when the picture is laid down in one of eight ways.
 * @property {number} height
 * @property {number} width
 * @property {number} origin Index of the first pixel of the first row.
 * @property {number} down From one row to the next.
 * @property {number} across From one pixel to the next.
 */

const { fround } = Math;

const BLOCK = 64;
const SMALLEST_SIDE = 5;
const FREQUENCIES = 16;
const BITS = FREQUENCIES * FREQUENCIES;

/** Rows 1 to 16 of the 64-point cosine transform, row after row. */
const DCT = (() => {
  const scale = fround(Math.sqrt(2 / BLOCK));
  const table = new Float32Array(FREQUENCIES * BLOCK);
  for (let row = 0; row < FREQUENCIES; row += 1) {
    for (let column = 0; column < BLOCK; column += 1) {
      table[row * BLOCK + column] = scale * Math.cos((Math.PI / 2 / BLOCK) * (row + 1) * (2 * column + 1));
    }
  }
  return table;
})();

/**
 * 1. Brightness: added in double precision, rounded once when it is stored.
 *
 * @param {Uint8ClampedArray} rgba Opaque pixels.
 * @param {Float32Array} into
 * @param {number} at Where in `into` the first pixel goes.
 */
export function luma(rgba, into, at) {
  for (let from = 0, to = at; from < rgba.length; from += 4, to += 1) {
    into[to] = rgba[from] * 0.299 + rgba[from + 1] * 0.587 + rgba[from + 2] * 0.114;
  }
}

/**
 * The hash of a picture, and those of its eight flips.
 *
 * @param {Float32Array} grey Luma, row after row.
 * @param {number} width
 * @param {number} height
 * @param {(part: number) => void} [progress] Told how much is done, 0 to 1.
 * @returns {PictureHash} A side shorter than 5 pixels gives zeros, as in the reference.
 */
export function hashLuma(grey, width, height, progress = () => {}) {
  if (Math.min(width, height) < SMALLEST_SIDE) {
    return { flips: Array.from({ length: 8 }, () => "0".repeat(BITS / 4)), quality: 0 };
  }
  let quality = 0;
  const flips = layings(width, height).map((laid, index) => {
    const samples = block(grey, laid, (part) => progress((index + part) / 8));
    if (index === 0) {
      quality = qualityOf(samples);
    }
    return pack(coefficients(samples));
  });
  return { flips, quality };
}

/**
 * The hash of RGBA pixels, and those of their eight flips.
 *
 * @param {Uint8ClampedArray} rgba Opaque pixels, row after row.
 * @param {number} width
 * @param {number} height
 * @param {(part: number) => void} [progress]
 * @returns {PictureHash}
 */
export function hashPixels(rgba, width, height, progress) {
  const grey = new Float32Array(width * height);
  luma(rgba, grey, 0);
  return hashLuma(grey, width, height, progress);
}

/**
 * The eight ways to lay a picture down, in the order of `Flip`.
 *
 * @param {number} width
 * @param {number} height
 * @returns {Laid[]}
 */
function layings(width, height) {
  const right = width - 1;
  const bottom = (height - 1) * width;
  const upright = { height, width };
  const turned = { height: width, width: height };
  return [
    { ...upright, origin: 0, down: width, across: 1 }, // as it is
    { ...upright, origin: right, down: width, across: -1 }, // left and right swapped
    { ...upright, origin: bottom, down: -width, across: 1 }, // top and bottom swapped
    { ...upright, origin: bottom + right, down: -width, across: -1 }, // half a turn
    { ...turned, origin: 0, down: 1, across: width }, // rows become columns
    { ...turned, origin: right, down: -1, across: width }, // a quarter turn counter-clockwise
    { ...turned, origin: bottom, down: 1, across: -width }, // a quarter turn clockwise
    { ...turned, origin: bottom + right, down: -1, across: -width }, // rows become columns, from the far corner
  ];
}

/**
 * 1 to 3. Two blurs (each along the rows, then along the columns) and the sampling to 64 x 64.
 *
 * Rows are streamed: only as many as one box is high are held, and only the sampled columns of the second row pass.
 *
 * @param {Float32Array} grey
 * @param {Laid} laid
 * @param {(part: number) => void} progress
 * @returns {Float32Array} 64 x 64.
 */
function block(grey, laid, progress) {
  const { height, width, origin, down, across } = laid;
  const samples = new Float32Array(BLOCK * BLOCK);
  if (height === BLOCK && width === BLOCK) {
    for (let at = 0; at < samples.length; at += 1) {
      samples[at] = grey[origin + Math.floor(at / BLOCK) * down + (at % BLOCK) * across];
    }
    return samples;
  }
  const size = boxSize(height);
  const ahead = (size + 2) >> 1;
  const raw = new Float32Array(width);
  const inside = Array.from({ length: size + 1 }, () => new Float32Array(width));
  const total = new Float32Array(width);
  const once = new Float32Array(width);
  const twice = new Float32Array(width);
  const narrow = new Float32Array(BLOCK * height); // column after column: the last pass runs down them
  const columns = places(width);
  let held = 0;
  let written = 0;

  const write = () => {
    for (let x = 0; x < width; x += 1) {
      once[x] = total[x] / held;
    }
    blur(once, twice);
    for (let column = 0; column < BLOCK; column += 1) {
      narrow[column * height + written] = twice[columns[column]];
    }
    written += 1;
  };
  /** @param {Float32Array} row */
  const leave = (row) => {
    for (let x = 0; x < width; x += 1) {
      total[x] -= row[x];
    }
    held -= 1;
  };

  for (let y = 0; y < height; y += 1) {
    for (let x = 0, from = origin + y * down; x < width; x += 1, from += across) {
      raw[x] = grey[from];
    }
    const row = inside[y % (size + 1)];
    blur(raw, row);
    for (let x = 0; x < width; x += 1) {
      total[x] += row[x];
    }
    held += 1;
    if (held > size) {
      leave(inside[(y - size) % (size + 1)]);
    }
    if (y + 1 >= ahead) {
      write();
    }
    if (y % 256 === 0) {
      progress(y / height);
    }
  }
  for (let y = height - size; written < height; y += 1) {
    leave(inside[y % (size + 1)]);
    write();
  }
  return sampleDown(narrow, height, samples);
}

/**
 * The last pass of the blur, down the 64 columns that are left, and the sampling of their rows.
 *
 * @param {Float32Array} narrow 64 columns, one after the other.
 * @param {number} height
 * @param {Float32Array} samples Where the 64 x 64 go.
 * @returns {Float32Array} `samples`
 */
function sampleDown(narrow, height, samples) {
  const rows = places(height);
  const blurred = new Float32Array(height);
  for (let column = 0; column < BLOCK; column += 1) {
    blur(narrow.subarray(column * height, (column + 1) * height), blurred);
    for (let row = 0; row < BLOCK; row += 1) {
      samples[row * BLOCK + column] = blurred[rows[row]];
    }
  }
  return samples;
}

/**
 * Pixels in one box of the blur: half of a sample's share, rounded up, since the box is applied twice.
 *
 * @param {number} length
 */
function boxSize(length) {
  return Math.floor((length + 2 * BLOCK - 1) / (2 * BLOCK));
}

/**
 * The pixels that stand for the 64 samples.
 *
 * @param {number} length
 * @returns {number[]}
 */
function places(length) {
  return Array.from({ length: BLOCK }, (_, index) => Math.floor(((index + 0.5) * length) / BLOCK));
}

/**
 * One box along a line by a running sum: add what enters, subtract what leaves, divide.
 *
 * @param {Float32Array} line
 * @param {Float32Array} out
 */
function blur(line, out) {
  const { length } = line;
  const size = boxSize(length);
  const ahead = (size + 2) >> 1;
  let sum = fround(0);
  let enters = 0;
  let leaves = 0;
  let to = 0;
  for (; enters < ahead - 1; enters += 1) {
    sum = fround(sum + line[enters]);
  }
  for (; enters < size; enters += 1, to += 1) {
    sum = fround(sum + line[enters]);
    out[to] = sum / (enters + 1);
  }
  for (; enters < length; enters += 1, leaves += 1, to += 1) {
    sum = fround(sum + line[enters]);
    sum = fround(sum - line[leaves]);
    out[to] = sum / size;
  }
  for (let held = size - 1; to < length; held -= 1, leaves += 1, to += 1) {
    sum = fround(sum - line[leaves]);
    out[to] = sum / held;
  }
}

/**
 * 4. Quality: the gradients between neighbouring samples in whole hundredths of the grey range, cut off towards zero.
 *
 * @param {Float32Array} samples
 */
function qualityOf(samples) {
  let sum = 0;
  /** @param {number} one @param {number} other */
  const add = (one, other) => {
    sum += Math.abs(Math.trunc(fround(fround(fround(samples[one] - samples[other]) * 100) / 255)));
  };
  for (let at = 0; at < BLOCK * (BLOCK - 1); at += 1) {
    add(at, at + BLOCK);
  }
  for (let row = 0; row < BLOCK; row += 1) {
    for (let column = 0; column < BLOCK - 1; column += 1) {
      add(row * BLOCK + column, row * BLOCK + column + 1);
    }
  }
  return Math.min(100, Math.floor(sum / 90));
}

/**
 * 5. The cosine transform, each sum added one product after the other.
 *
 * @param {Float32Array} samples
 * @returns {Float32Array} 16 x 16.
 */
function coefficients(samples) {
  const half = new Float32Array(FREQUENCIES * BLOCK);
  for (let row = 0; row < FREQUENCIES; row += 1) {
    for (let column = 0; column < BLOCK; column += 1) {
      let sum = fround(0);
      for (let k = 0; k < BLOCK; k += 1) {
        sum = fround(sum + fround(DCT[row * BLOCK + k] * samples[k * BLOCK + column]));
      }
      half[row * BLOCK + column] = sum;
    }
  }
  const out = new Float32Array(BITS);
  for (let row = 0; row < FREQUENCIES; row += 1) {
    for (let column = 0; column < FREQUENCIES; column += 1) {
      let sum = fround(0);
      for (let k = 0; k < BLOCK; k += 1) {
        sum = fround(sum + fround(half[row * BLOCK + k] * DCT[column * BLOCK + k]));
      }
      out[row * FREQUENCIES + column] = sum;
    }
  }
  return out;
}

/**
 * 6. One bit for each coefficient above the median (the 128th smallest); the highest frequency comes first.
 *
 * @param {Float32Array} values
 * @returns {string} 64 hexadecimal digits.
 */
function pack(values) {
  const median = values.slice().sort()[BITS / 2 - 1];
  let hex = "";
  for (let at = BITS - 1; at > 0; at -= 4) {
    let digit = 0;
    for (let bit = 0; bit < 4; bit += 1) {
      digit = digit * 2 + (values[at - bit] > median ? 1 : 0);
    }
    hex += digit.toString(16);
  }
  return hex;
}
