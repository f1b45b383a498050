// The page: a package and a trust file in, one verdict out. Nothing is sent anywhere; the page may not even ask for anything.

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
const folderInput = element("folder", HTMLInputElement);
const trustInput = element("trust", HTMLInputElement);
const result = element("result", HTMLElement);
const status = element("status", HTMLElement);
const zone = element("files", HTMLFormElement);
let asked = 0;
/** The package that was chosen last. @type {File | import("./container.js").Folder | null} */
let chosen = null;

/** A folder, as the browser lists it: each file's path begins with the folder's name. @param {Iterable<File>} files */
function folderOf(files) {
  /** @type {Map<string, File>} */
  const inside = new Map();
  let name = "";
  for (const file of files) {
    const path = file.webkitRelativePath;
    name = path.split("/", 1)[0] ?? "";
    inside.set(path.slice(name.length + 1), file);
  }
  return inside.size ? { name, files: inside } : null;
}

/** All files of a folder that was dropped. @param {FileSystemDirectoryEntry} folder */
async function filesIn(folder) {
  /** @type {Map<string, File>} */
  const files = new Map();
  const waiting = [folder];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const reader = next.createReader();
    /** @type {FileSystemEntry[]} */
    let some;
    do { // a part of the entries each time, and at last none
      some = await new Promise((done, failed) => reader.readEntries(done, failed));
      for (const entry of some) {
        if (entry.isDirectory) waiting.push(/** @type {FileSystemDirectoryEntry} */ (entry));
        else {
          const single = /** @type {FileSystemFileEntry} */ (entry);
          const file = await new Promise((done, failed) => single.file(done, failed));
          files.set(entry.fullPath.slice(folder.fullPath.length + 1), file);
        }
      }
    } while (some.length);
  }
  return { name: folder.name, files };
}

/** @param {File | import("./container.js").Folder} source @param {File} trustFile */
async function check(source, trustFile) {
  if (!crypto.subtle) throw new CannotCheck("this browser allows no cryptography here; another one may, or the program takeback-verify");
  if (trustFile.size > MAX_TRUST) throw new CannotCheck("the trust file cannot be used: it is too long");
  const bytes = new Uint8Array(await trustFile.arrayBuffer());
  const trust = await parseTrust(bytes);
  const digest = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  return { ...(await verify(source, trust)), digest };
}

async function run() {
  const [source, trustFile] = [chosen, trustInput.files?.[0]];
  if (!source || !trustFile) {
    status.textContent = source ? "Now choose the trust file." : trustFile ? "Now choose the package." : "";
    return;
  }
  asked += 1;
  const mine = asked;
  result.hidden = true;
  status.textContent = "Checking\u2026 large packages take a while.";
  try {
    const report = await check(source, trustFile);
    if (mine === asked) show(report, source.name);
  } catch (error) {
    if (mine !== asked) return;
    const known = error instanceof CannotCheck;
    const reason = known ? error.message : `this page came to its limits (${String(error)}); use takeback-verify`;
    /** @type {import("./verdict.js").Step} */
    const step = { number: 0, title: "Before the check", outcome: "cannot check", said: [`${capital(reason)}.`] };
    show({ verdict: "CANNOT CHECK", steps: [step], foreign: [], wrapping: null, digest: "" }, source.name);
  }
  status.textContent = "";
}

/** @param {Awaited<ReturnType<typeof check>>} report @param {string} name */
function show({ verdict, steps, foreign, wrapping, digest }, name) {
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
  result.dataset.report = JSON.stringify({ foreign, steps, verdict, wrapping });
  result.hidden = false;
  heading.tabIndex = -1;
  heading.focus();
}

/** @param {DragEvent} event */
async function dropped(event) {
  event.preventDefault();
  zone.classList.remove("over");
  const folders = [...(event.dataTransfer?.items ?? [])].flatMap((item) => {
    const entry = item.webkitGetAsEntry?.();
    return entry?.isDirectory ? [/** @type {FileSystemDirectoryEntry} */ (entry)] : [];
  });
  for (const file of event.dataTransfer?.files ?? []) {
    if (folders.some((folder) => folder.name === file.name)) continue;
    const one = new DataTransfer();
    one.items.add(file);
    const input = file.name.toLowerCase().endsWith(".json") ? trustInput : packageInput;
    input.files = one.files;
    if (input === packageInput) choose(file);
  }
  const [folder] = folders;
  if (folder) choose(await filesIn(folder));
  void run();
}

/** @param {File | import("./container.js").Folder | null} source */
function choose(source) {
  chosen = source;
  if (source instanceof File) folderInput.value = "";
  else packageInput.value = "";
}

addEventListener("dragover", (event) => {
  event.preventDefault();
  zone.classList.add("over");
});
addEventListener("dragleave", () => zone.classList.remove("over"));
addEventListener("drop", (event) => void dropped(event));
packageInput.addEventListener("change", () => {
  choose(packageInput.files?.[0] ?? null);
  void run();
});
folderInput.addEventListener("change", () => {
  choose(folderOf(folderInput.files ?? []));
  void run();
});
trustInput.addEventListener("change", () => void run());
element("needs-script", HTMLElement).hidden = true;
element("folder-field", HTMLElement).hidden = !("webkitdirectory" in folderInput);
zone.hidden = false;
if (packageInput.files?.[0]) choose(packageInput.files[0]); // as it was before a reload
void run();
