/**
 * Lets this device do the sums of a puzzle, for somebody who would otherwise have to wait. See `work.py`.
 *
 * PBKDF2 is the browser's own code and runs beside the page, so the page stays usable. The bar shows parts that
 * are done, nothing else.
 */

const box = /** @type {HTMLElement | null} */ (document.getElementById("work"));
const button = /** @type {HTMLButtonElement | null} */ (document.getElementById("work-begin"));
const bar = /** @type {HTMLProgressElement | null} */ (document.getElementById("work-bar"));
const status = document.getElementById("work-status");
const field = /** @type {HTMLInputElement | null} */ (document.getElementById("work-solved"));

/**
 * @param {string} puzzle
 * @param {number} parts
 * @param {number} iterations
 * @param {(done: number) => void} tell
 */
async function solve(puzzle, parts, iterations, tell) {
  const text = new TextEncoder();
  const bits = Number(puzzle.split(".")[0]);
  const key = await crypto.subtle.importKey("raw", text.encode(puzzle), "PBKDF2", false, ["deriveBits"]);
  const numbers = [];
  for (let part = 0; part < parts; part += 1) {
    for (let number = 0; ; number += 1) {
      const salt = text.encode(`${part}.${number}`);
      const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
      const made = new DataView(await crypto.subtle.deriveBits(how, key, 32));
      if (made.getUint32(0) >>> (32 - bits) === 0) {
        numbers.push(number);
        break;
      }
    }
    tell(part + 1);
  }
  return `${puzzle}:${numbers.join(",")}`;
}

async function work() {
  if (!box || !button || !bar || !status || !field) {
    return;
  }
  const { puzzle = "", parts = "0", iterations = "0", send = "" } = box.dataset;
  button.disabled = true;
  bar.hidden = false;
  status.textContent = box.dataset.working ?? "";
  try {
    field.value = await solve(puzzle, Number(parts), Number(iterations), (done) => {
      bar.value = done;
    });
  } catch {
    status.textContent = box.dataset.failed ?? "";
    bar.hidden = true;
    return;
  }
  const sender = /** @type {HTMLButtonElement | null} */ (document.getElementById(send));
  field.form?.requestSubmit(sender);
}

button?.addEventListener("click", work);
