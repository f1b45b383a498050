/** One case: its keys, the time to undo, and the steps as they happen. */

import { isTyped, localise } from "./console.js";
import { looking } from "./look.js";

const OFTEN = 1000; // ms, while something moves
const SELDOM = 5000;
const OFTEN_FOR = 120_000;
/** @type {Record<string, string>} */
const ANSWERS = { g: "[data-go-on]", s: "[data-stop]", m: "[data-more]" };

const column = /** @type {HTMLElement | null} */ (document.querySelector("[data-ask]"));
const begun = performance.now();
let countdown = 0;

/** Count the seconds to undo down; the server decides, this only shows. */
function count() {
  clearInterval(countdown);
  const shown = /** @type {HTMLElement | null} */ (document.querySelector("[data-left]"));
  if (!shown) return;
  const end = performance.now() + Number(shown.dataset.left) * 1000;
  countdown = setInterval(() => {
    const left = Math.ceil((end - performance.now()) / 1000);
    shown.textContent = left > 0 ? `It takes effect in ${left} s.` : "It takes effect now.";
    const button = /** @type {HTMLButtonElement | null} */ (document.querySelector("[data-undo]"));
    if (button && left <= 0) button.disabled = true;
  }, 250);
}

/** Show copies that are gone as gone, also in the middle of the page. */
function markGone() {
  for (const target of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".target.gone[data-sighting]"))) {
    const tile = document.getElementById(`copy-${target.dataset.sighting}`);
    const button = tile?.querySelector("button.picture");
    if (!tile || !(button instanceof HTMLButtonElement) || tile.classList.contains("gone")) continue;
    tile.classList.add("gone");
    button.disabled = true;
    const drawn = document.createElement("span");
    drawn.className = "drawn";
    drawn.innerHTML = "<span>removed,<br>seen to be gone</span>";
    button.replaceChildren(drawn);
    button.ariaLabel = (button.ariaLabel ?? "").replace(/, blurred.*/, ", gone");
  }
}

/** Show the case's status now, also at its head and in the queue beside it. */
function tell() {
  const now = /** @type {HTMLElement | null | undefined} */ (column?.querySelector(".case-status"));
  const state = document.querySelector(".left [aria-current] .state");
  if (!now) return;
  if (state) state.textContent = now.dataset.state ?? "";
  for (const chip of document.querySelectorAll(".case-head .chip, .left [aria-current] .chip")) {
    chip.className = `chip ${now.dataset.shape}`;
    chip.textContent = now.dataset.word ?? "";
  }
}

/** Ask what has changed, and show it. */
async function ask() {
  if (!column) return;
  const response = await fetch(column.dataset.ask ?? "", { headers: { accept: "text/html" } }).catch(() => null);
  if (response?.redirected) return location.reload(); // the session has ended: the log-in leads back here
  if (response?.ok) show(await response.text());
}

async function refresh() {
  const moves = column?.querySelector("[data-moves='1']");
  if (moves && !document.hidden) await ask();
  if (moves) setTimeout(refresh, performance.now() - begun < OFTEN_FOR ? OFTEN : SELDOM);
}

/** A fold's name among the live parts. @param {HTMLDetailsElement} fold */
function nameOf(fold) {
  const target = /** @type {HTMLElement | null} */ (fold.closest("[data-sighting]"));
  return `${fold.className} ${target?.dataset.sighting}`;
}

/** Leave folds as somebody left them. @param {Element} shown @param {Element} fresh */
function keepOpen(shown, fresh) {
  const folds = new Map(Array.from(shown.querySelectorAll("details"), (fold) => [nameOf(fold), fold.open]));
  for (const fold of fresh.querySelectorAll("details")) fold.open = folds.get(nameOf(fold)) ?? fold.open;
}

/** @param {string} text */
function show(text) {
  const fresh = document.createElement("div");
  fresh.innerHTML = text;
  localise(fresh);
  const undoing = document.activeElement?.matches("[data-undo]");
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (fresh.querySelectorAll("[data-live]"))) {
    const shown = document.querySelector(`[data-live="${part.dataset.live}"]`);
    if (shown) keepOpen(shown, part);
    if (shown && shown.innerHTML !== part.innerHTML) shown.replaceChildren(...part.childNodes);
  }
  if (undoing) /** @type {HTMLElement | null} */ (document.querySelector("[data-undo]"))?.focus();
  count();
  markGone();
  tell();
}

/** @param {number} step */
function moveTile(step) {
  const tiles = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("button.picture:not(:disabled)")]);
  const current = tiles.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  tiles[Math.min(Math.max(current + step, 0), tiles.length - 1)]?.focus();
}

/** @param {number} number */
function choose(number) {
  const radio = /** @type {HTMLInputElement | undefined} */ (document.querySelectorAll("[data-decide] [name=verdict]")[number - 1]);
  radio?.click();
  radio?.focus();
}

document.addEventListener("keydown", (event) => {
  if (isTyped(event) || looking()) return;
  const radio = event.target instanceof HTMLInputElement;
  if (event.key === "ArrowRight" && !radio) moveTile(1);
  else if (event.key === "ArrowLeft" && !radio) moveTile(-1);
  else if (event.key === "x") /** @type {HTMLElement | null | undefined} */ (document.activeElement?.closest(".tile")?.querySelector("[data-exclude]"))?.click();
  else if (["1", "2", "3", "4"].includes(event.key)) choose(Number(event.key));
  else if (event.key === "u") /** @type {HTMLElement | null} */ (document.querySelector("[data-undo]"))?.click();
  else if (event.key in ANSWERS) /** @type {HTMLElement | null} */ (document.querySelector(ANSWERS[event.key] ?? ""))?.click();
  else return;
  event.preventDefault();
});

// A reason belongs to its decision: choosing another decision takes the reason away.
for (const radio of document.querySelectorAll("[data-decide] [name=verdict]")) {
  radio.addEventListener("change", () => {
    for (const reason of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("[data-decide] [name=reason]"))) reason.checked = false;
  });
}

count();
document.addEventListener("looked", () => void ask()); // the look is in the history now
setTimeout(refresh, OFTEN);
