/**
 * What every page may do a little better with scripts; nothing here is needed to get through.
 *
 * Leaving replaces this page in the tab's history, so that "back" on the weather page does not lead here again; the
 * pages before it stay in the history, and the start page says so.
 */

const TIMES = 3;
const WITHIN_MS = 2000;

const way = /** @type {HTMLAnchorElement | null} */ (document.getElementById("leave"));

function leave() {
  if (!way) {
    return;
  }
  // The new page takes a moment to come; what is on the screen must be gone at once.
  document.documentElement.hidden = true;
  document.title = "";
  location.replace(way.href);
}

way?.addEventListener("click", (event) => {
  event.preventDefault();
  leave();
});

/** @type {number[]} */
let presses = [];
document.addEventListener("keydown", (event) => {
  if (event.key !== "Shift") {
    presses = [];
  } else if (!event.repeat) {
    presses = [...presses, event.timeStamp].filter((at) => event.timeStamp - at < WITHIN_MS);
    if (presses.length >= TIMES) {
      leave();
    }
  }
});

// A page that the browser kept whole must not come back hidden.
window.addEventListener("pageshow", () => {
  document.documentElement.hidden = false;
});

// What must be put right is read out first, also by browsers that ignore `autofocus` on such an element.
requestAnimationFrame(() => {
  requestAnimationFrame(() => {
    const faults = document.getElementById("faults");
    if (faults && document.activeElement !== faults) {
      faults.focus();
    }
  });
});

// Times as her own clocks show them; without scripts they stay in UTC and say so.
const { lang } = document.documentElement;
const near = new Intl.DateTimeFormat(navigator.languages.find((own) => own.split("-")[0] === lang) ?? lang, {
  weekday: "long",
  day: "numeric",
  month: "long",
  hour: "2-digit",
  minute: "2-digit",
});
for (const time of document.querySelectorAll("time")) {
  time.textContent = near.format(new Date(time.dateTime));
}

const copy = document.getElementById("copy");
copy?.addEventListener("click", async () => {
  const said = document.getElementById("copy-said");
  const code = document.getElementById("code");
  let text = copy.dataset.done ?? "";
  try {
    await navigator.clipboard.writeText(code?.dataset.code ?? "");
  } catch {
    text = copy.dataset.failed ?? "";
  }
  if (said) {
    said.textContent = text;
  }
});

document.getElementById("print")?.addEventListener("click", () => window.print());
