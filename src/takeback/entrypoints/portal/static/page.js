/**
 * What every page may do a little better with scripts; nothing here is needed to get through.
 *
 * Leaving blanks the page at once, asks the server to forget what was typed, and replaces this page in the tab's
 * history. The pages before it stay in the history; they are asked for anew, and then there is nothing to show.
 */

const TIMES = 3;
const WITHIN_MS = 2000;
const STAY_EVERY_MS = 300_000;
const FORM = { "content-type": "application/x-www-form-urlencoded" };

const way = /** @type {HTMLAnchorElement | null} */ (document.getElementById("leave"));

/**
 * Sent even when the page is closed a moment later; what comes of it is not waited for.
 *
 * @param {string} address
 */
function tell(address) {
  fetch(address, { method: "POST", headers: FORM, body: "", keepalive: true, cache: "no-store" }).catch(() => {});
}

function leave() {
  if (!way) {
    return;
  }
  // The new page takes a moment to come; what is on the screen must be gone at once.
  document.documentElement.hidden = true;
  document.title = "";
  document.querySelectorAll("form").forEach((form) => form.remove());
  tell("/leave");
  location.replace(way.dataset.to ?? way.href);
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

// A page that the browser kept whole may show what was wiped meanwhile: it is asked for anew.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    document.documentElement.hidden = true;
    location.reload();
  }
});
window.addEventListener("pagehide", () => {
  document.documentElement.hidden = true;
});

// Somebody who takes long to write keeps her thirty minutes.
let stayed = performance.now();
document.addEventListener("input", () => {
  if (performance.now() - stayed > STAY_EVERY_MS) {
    stayed = performance.now();
    tell("/steps/stay");
  }
});

// What must be put right is read out first, also by browsers that ignore `autofocus` on such an element.
requestAnimationFrame(() => {
  requestAnimationFrame(() => {
    const faults = document.getElementById("faults") ?? document.getElementById("nobody");
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
  const status = document.getElementById("copy-status");
  const code = document.getElementById("code");
  let text = copy.dataset.done ?? "";
  try {
    await navigator.clipboard.writeText(code?.dataset.code ?? "");
  } catch {
    text = copy.dataset.failed ?? "";
  }
  if (status) {
    status.textContent = text;
  }
});

document.getElementById("print")?.addEventListener("click", () => window.print());
