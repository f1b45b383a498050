// The page: two files in, one verdict out. Nothing is sent anywhere; the page may not even ask for anything.

import { CannotCheck, capital, hex } from "./bytes.js";
import { parseTrust } from "./documents.js";
import { verify } from "./verdict.js";

const MEANINGS = new Map([
  ["VALID", "Every step holds. The package is complete and unchanged since the log committed to it, and its times are bounded as the steps say."],
  ["INVALID", "Something was changed, added, taken away, or contradicts something else. The steps say what."],
  ["CANNOT CHECK", "Nothing can be said about this package with this trust file."],
]);
const MARKS = new Map([["holds", "\u2713"], ["fails", "\u2717"], ["cannot check", "?"], ["not checked", "\u2013"]]);
const MAX_TRUST = 4 * 2 ** 20;

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`no ${id} in the page`);
  return found;
}

/** @param {string} tag @param {string} text @param {string} [name] */
function made(tag, text, name) {
  const node = document.createElement(tag);
  node.textContent = text;
  if (name) node.className = name;
  return node;
}

const packageInput = element("package", HTMLInputElement);
const trustInput = element("trust", HTMLInputElement);
const result = element("result", HTMLElement);
const status = element("status", HTMLElement);
const zone = element("files", HTMLFormElement);
let asked = 0;

/** @param {File} file @param {File} trustFile */
async function check(file, trustFile) {
  if (!crypto.subtle) throw new CannotCheck("this browser allows no cryptography here; another one may, or the program takeback-verify");
  if (trustFile.size > MAX_TRUST) throw new CannotCheck("the trust file cannot be used: it is too long");
  const bytes = new Uint8Array(await trustFile.arrayBuffer());
  const trust = await parseTrust(bytes);
  const digest = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  return { ...(await verify(file, trust)), digest };
}

async function run() {
  const [file, trustFile] = [packageInput.files?.[0], trustInput.files?.[0]];
  if (!file || !trustFile) {
    status.textContent = file ? "Now choose the trust file." : trustFile ? "Now choose the package." : "";
    return;
  }
  asked += 1;
  const mine = asked;
  result.hidden = true;
  status.textContent = "Checking\u2026 large packages take a while.";
  try {
    const report = await check(file, trustFile);
    if (mine === asked) show(report, file.name);
  } catch (error) {
    if (mine !== asked) return;
    const known = error instanceof CannotCheck;
    const reason = known ? error.message : `this page came to its limits (${String(error)}); use takeback-verify`;
    /** @type {import("./verdict.js").Step} */
    const step = { number: 0, title: "Before the check", outcome: "cannot check", said: [`${capital(reason)}.`] };
    show({ verdict: "CANNOT CHECK", steps: [step], digest: "" }, file.name);
  }
  status.textContent = "";
}

/** @param {{verdict: string, steps: import("./verdict.js").Step[], digest: string}} report @param {string} name */
function show({ verdict, steps, digest }, name) {
  const heading = made("h2", verdict);
  const list = made("ol", "", "steps");
  for (const step of steps) {
    const item = made("li", "", step.outcome.replace(" ", "-"));
    const title = made("h3", "");
    title.append(made("span", MARKS.get(step.outcome) ?? "", "mark"), ` ${step.number}. ${step.title} `);
    title.append(made("span", step.outcome, "outcome"));
    item.append(title, ...step.said.map((sentence) => made("p", sentence)));
    list.append(item);
  }
  const about = [made("p", MEANINGS.get(verdict) ?? "", "meaning"), made("p", name, "file")];
  if (digest) about.push(made("p", `SHA-256 of the trust file that you chose: ${digest}`, "file"));
  result.replaceChildren(heading, ...about, list);
  result.dataset.verdict = verdict;
  result.dataset.report = JSON.stringify({ steps, verdict });
  result.hidden = false;
  heading.tabIndex = -1;
  heading.focus();
}

/** @param {DragEvent} event */
function dropped(event) {
  event.preventDefault();
  zone.classList.remove("over");
  for (const file of event.dataTransfer?.files ?? []) {
    const one = new DataTransfer();
    one.items.add(file);
    (file.name.toLowerCase().endsWith(".json") ? trustInput : packageInput).files = one.files;
  }
  void run();
}

addEventListener("dragover", (event) => {
  event.preventDefault();
  zone.classList.add("over");
});
addEventListener("dragleave", () => zone.classList.remove("over"));
addEventListener("drop", dropped);
for (const input of [packageInput, trustInput]) input.addEventListener("change", () => void run());
element("needs-script", HTMLElement).hidden = true;
zone.hidden = false;
void run();
