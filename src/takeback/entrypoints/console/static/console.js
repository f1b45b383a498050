/** What every page has: local times, the list of keys, and moving through rows. */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** @param {number} value */
const two = (value) => String(value).padStart(2, "0");

/**
 * Write times in the reader's zone, as wide as they were; UTC stays in the title.
 * @param {ParentNode} root
 */
export function localise(root) {
  for (const time of root.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    time.textContent = `${two(at.getDate())} ${MONTHS[at.getMonth()]} ${two(at.getHours())}:${two(at.getMinutes())}`;
  }
}

/**
 * Whether a key belongs to a field that is being typed in, or to the browser.
 * @param {KeyboardEvent} event
 */
export function isTyped(event) {
  const field = event.target instanceof Element && event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select, dialog");
  return Boolean(field) || event.ctrlKey || event.metaKey || event.altKey;
}

/** @param {number} step */
function moveRow(step) {
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-rows] a.row")]);
  const current = rows.findIndex((row) => row === document.activeElement || row.ariaCurrent === "page" && !rows.includes(/** @type {HTMLElement} */ (document.activeElement)));
  const next = current < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(current + step, 0), rows.length - 1);
  rows[next]?.focus();
}

const keys = /** @type {HTMLDialogElement | null} */ (document.getElementById("keys"));
document.querySelector("[data-keys]")?.addEventListener("click", () => keys?.showModal());
document.addEventListener("keydown", (event) => {
  if (isTyped(event)) return;
  if (event.key === "?" && keys) keys.showModal();
  else if (event.key === "j") moveRow(1);
  else if (event.key === "k") moveRow(-1);
  else if (event.key === "q") location.assign("/");
});

localise(document);
