/**
 * The page on which a picture becomes a number: shows what happens, and writes the numbers into the form.
 *
 * The file input stands outside of the form and has no name, and this script hands files to the worker and to nothing
 * else. What the form carries is one hidden field: QUALITY.HASH.HASH... for each picture, with spaces between.
 */

/** @typedef {import("./worker.js").Answer} Answer */
/**
 * @typedef {object} Picture One line of the list.
 * @property {string} name As shown; it never leaves the page.
 * @property {string} field What the form carries for it; empty until it is ready, or when it cannot be used.
 * @property {boolean} busy
 * @property {HTMLElement} row
 */

/**
 * @template {Element} T
 * @param {ParentNode} within
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
function find(within, selector, type) {
  const found = within.querySelector(selector);
  if (!(found instanceof type)) {
    throw new Error(`the page lacks ${selector}`);
  }
  return found;
}

const chooser = find(document, "#chooser", HTMLElement);
const input = find(document, "#file", HTMLInputElement);
const label = find(document, "#file-label", HTMLLabelElement);
const list = find(document, "#list", HTMLUListElement);
const item = find(document, "#item", HTMLTemplateElement);
const status = find(document, "#picture-status", HTMLElement);
const pageFault = find(document, "#picture-fault", HTMLElement);
const form = find(document, "#go-on", HTMLFormElement);
const field = find(document, "#pictures", HTMLInputElement);
const skip = find(form, "button[value=skip]", HTMLButtonElement);
const words = find(document, "#words", HTMLElement).dataset;

const most = Number(chooser.dataset.most);
const leastQuality = Number(chooser.dataset.leastQuality);

/** @type {Map<number, Picture>} */
const pictures = new Map();
let lastId = 0;

/**
 * @param {string | undefined} text
 * @param {Record<string, string>} gaps
 */
function fill(text, gaps) {
  return Object.entries(gaps).reduce((filled, [gap, value]) => filled.replace(`{${gap}}`, () => value), text ?? "");
}

/** @param {string} digits */
function groups(digits) {
  return (digits.match(/.{1,4}/g) ?? []).join(" ");
}

/** @param {string} text */
function complain(text) {
  pageFault.textContent = text;
  pageFault.hidden = text === "";
}

/** Writes what there is into the form, and offers what makes sense now. */
function settle() {
  const ready = [...pictures.values()].filter((picture) => picture.field !== "");
  field.value = ready.map((picture) => picture.field).join(" ");
  skip.hidden = pictures.size > 0;
  if (pictures.size > 0 && label.dataset.more) {
    label.textContent = label.dataset.more;
  }
}

/**
 * @param {string} name
 * @returns {[number, Picture]}
 */
function add(name) {
  const row = find(/** @type {DocumentFragment} */ (item.content.cloneNode(true)), "li", HTMLLIElement);
  find(row, ".picture-name bdi", HTMLElement).textContent = name;
  const button = find(row, ":scope > button", HTMLButtonElement);
  button.setAttribute("aria-label", fill(words.remove, { name }));
  lastId += 1;
  const id = lastId;
  const picture = { name, field: "", busy: true, row };
  pictures.set(id, picture);
  button.addEventListener("click", () => {
    pictures.delete(id);
    row.remove();
    complain("");
    settle();
    status.textContent = fill(words.removed, { name });
    input.focus();
  });
  list.append(row);
  return [id, picture];
}

/**
 * @param {Picture} picture
 * @param {string} why
 */
function refuse(picture, why) {
  const { row } = picture;
  picture.busy = false;
  find(row, ".working", HTMLElement).hidden = true;
  const fault = find(row, ":scope > .fault", HTMLElement);
  fault.textContent = words[`fault${why}`] ?? words.faultBrowser ?? "";
  fault.hidden = false;
  status.textContent = `${picture.name}: ${fault.textContent}`;
}

/**
 * @param {Picture} picture
 * @param {string[]} flips
 * @param {number} quality
 */
function show(picture, flips, quality) {
  const { row } = picture;
  picture.busy = false;
  picture.field = [String(quality), ...flips].join(".");
  find(row, ".working", HTMLElement).hidden = true;
  find(row, ".ready", HTMLElement).hidden = false;
  find(row, ".number", HTMLElement).textContent = groups(flips[0]);
  row.querySelectorAll(".flip").forEach((place, index) => {
    place.textContent = groups(flips[index]);
  });
  find(row, ".quality", HTMLElement).textContent = String(quality);
}

/** @param {Answer} answer */
function hear(answer) {
  const picture = pictures.get(answer.id);
  if (!picture) {
    return; // removed meanwhile
  }
  if (answer.kind === "progress") {
    find(picture.row, "progress", HTMLProgressElement).value = answer.part;
    return;
  }
  if (answer.kind === "failed") {
    refuse(picture, answer.why.replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase()));
  } else if (answer.quality < leastQuality) {
    refuse(picture, "LowDetail");
  } else if ([...pictures.values()].some((other) => other.field.includes(`.${answer.flips[0]}`))) {
    refuse(picture, "Twice");
  } else {
    show(picture, answer.flips, answer.quality);
    status.textContent = fill(words.ready, { name: picture.name });
  }
  settle();
}

/** @type {Worker | null} */
let worker = null;

/** @returns {Worker} */
function hasher() {
  if (worker === null) {
    worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", (/** @type {MessageEvent<Answer>} */ event) => hear(event.data));
    // A browser without module workers, or one that ran out of memory: nothing will come of the waiting ones.
    worker.addEventListener("error", () => {
      worker = null;
      for (const picture of pictures.values()) {
        if (picture.busy) {
          refuse(picture, "Browser");
        }
      }
      settle();
    });
  }
  return worker;
}

/** Takes the files that were chosen. */
function take() {
  complain("");
  for (const file of input.files ?? []) {
    if (pictures.size >= most) {
      complain(words.faultTooMany ?? "");
      break;
    }
    const [id] = add(file.name);
    hasher().postMessage({ id, file });
  }
  input.value = ""; // so that the same file can be chosen again after it was removed
  settle();
}
input.addEventListener("change", take);

form.addEventListener("submit", (event) => {
  const pressed = event.submitter instanceof HTMLButtonElement ? event.submitter.value : "next";
  if (pressed === "next" && [...pictures.values()].some((picture) => picture.busy)) {
    event.preventDefault();
    complain(words.wait ?? "");
  }
});

// Pictures of an earlier visit to this page, from the form: their names were never sent, so they have none.
for (const [index, written] of field.value.split(" ").filter(Boolean).entries()) {
  const [quality, ...flips] = written.split(".");
  const [, picture] = add(fill(words.earlier, { number: String(index + 1) }));
  show(picture, flips, Number(quality));
}
settle();
// On a slow network a picture may have been chosen before this script came.
if (input.files?.length) {
  take();
}
