/**
 * Look at a picture: a reason first, then only while it is held, for ten seconds at most, through a window that moves
 * over it. Every look is asked for anew and recorded; nothing of the picture stays in the page.
 */

const BEFORE = 250; // ms: a slip of the finger is not a look
const LONGEST = 10_000;
const STEP = 0.08; // of the picture, for one arrow key

/** @typedef {{ button: HTMLElement, abort: AbortController, timer: number, picture: ImageBitmap | null, x: number, y: number }} Look */

/** @type {Look | null} */
let held = null;

const section = /** @type {HTMLElement | null} */ (document.querySelector("[data-copies]"));
const lens = /** @type {HTMLElement} */ (document.getElementById("lens"));
const canvas = /** @type {HTMLCanvasElement} */ (lens.querySelector("canvas"));
const reason = /** @type {HTMLSelectElement | null} */ (document.querySelector("[data-reason]"));
const colour = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-colour]"));
const all = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-all]"));
const status = document.querySelector("[data-look-status]");
const looked = document.querySelector("[data-looked]");

/** @param {string} text */
function say(text) {
  if (!status) return;
  status.textContent = text;
  status.classList.add("strong");
}

function draw() {
  if (!held?.picture) return;
  const { picture, x, y } = held;
  const scale = Math.min((innerWidth - 48) / picture.width, (innerHeight - 96) / picture.height, 2);
  const [width, height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.scale(devicePixelRatio, devicePixelRatio);
  const tile = held.button.querySelector("img");
  if (tile?.complete && tile.naturalWidth) {
    pen.globalAlpha = 0.35;
    pen.filter = "grayscale(1)";
    pen.drawImage(tile, 0, 0, width, height);
    pen.globalAlpha = 1;
    pen.filter = "none";
  }
  pen.beginPath();
  if (all?.checked) pen.rect(0, 0, width, height);
  else pen.arc(x * width, y * height, Math.min(width, height) * 0.22, 0, 2 * Math.PI);
  pen.save();
  pen.clip();
  pen.drawImage(picture, 0, 0, width, height);
  pen.restore();
  const outline = /** @type {HTMLImageElement | null} */ (held.button.querySelector("img.outline"));
  if (outline?.complete && outline.naturalWidth) pen.drawImage(outline, 0, 0, width, height);
}

/** @param {number} dx @param {number} dy */
function move(dx, dy) {
  if (!held) return;
  held.x = Math.min(Math.max(held.x + dx, 0), 1);
  held.y = Math.min(Math.max(held.y + dy, 0), 1);
  draw();
}

export function stop() {
  if (!held) return;
  clearTimeout(held.timer);
  held.abort.abort();
  held.picture?.close();
  held = null;
  canvas.width = canvas.height = 0;
  lens.hidden = true;
}

/** @param {Response} response */
async function answerOf(response) {
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  throw new Error(answer.error ?? "This failed. Try again.");
}

/** @param {Look} look */
async function ask(look) {
  const { signal } = look.abort;
  const fields = { csrf: section?.dataset.csrf ?? "", reason: reason?.value ?? "", colour: String(Boolean(colour?.checked)) };
  const headers = { accept: "application/json" };
  try {
    const given = await answerOf(await fetch(look.button.dataset.look ?? "", { method: "POST", body: new URLSearchParams(fields), headers, signal }));
    const { picture, looked: times } = await given.json();
    if (looked) looked.textContent = `You looked ${times === 1 ? "1 time" : `${times} times`} today.`;
    document.dispatchEvent(new Event("looked"));
    const fetched = await answerOf(await fetch(picture, { headers, signal }));
    const bitmap = await createImageBitmap(await fetched.blob());
    if (held !== look) return bitmap.close();
    look.picture = bitmap;
    look.timer = setTimeout(() => { stop(); say("Ten seconds are over. Hold again to look again."); }, LONGEST);
    lens.hidden = false;
    draw();
  } catch (error) {
    if (signal.aborted) return;
    stop();
    say(/** @type {Error} */ (error).message);
  }
}

/** @param {HTMLElement} button */
function start(button) {
  if (held) return;
  if (!reason?.value) {
    say("Choose a reason first.");
    reason?.focus();
    return;
  }
  /** @type {Look} */
  const look = { button, abort: new AbortController(), timer: 0, picture: null, x: 0.5, y: 0.5 };
  held = look;
  say("Looking, for as long as you hold.");
  look.timer = setTimeout(() => void ask(look), BEFORE);
}

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-look]"))) {
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    start(button);
    if (held) button.setPointerCapture(event.pointerId);
  });
  button.addEventListener("pointermove", (event) => {
    if (held?.picture) move(event.movementX / canvas.clientWidth, event.movementY / canvas.clientHeight);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) button.addEventListener(end, stop);
  button.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    if (!event.repeat) start(button);
  });
}

const ARROWS = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] });
document.addEventListener("keydown", (event) => {
  if (!held) return;
  const arrow = ARROWS[event.key];
  if (arrow) move(...arrow);
  else if (event.key === "a" && all) { all.checked = !all.checked; draw(); }
  else if (event.key === "Escape") stop();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });
document.addEventListener("keyup", (event) => { if (event.key === " ") stop(); });
addEventListener("blur", stop);
document.addEventListener("visibilitychange", stop);

/** Whether a picture is being looked at, so that keys belong to it. */
export const looking = () => held !== null;
