// A package in its zip or in a folder, as package.py and contents.py read it; and what container.py says of it.

import { CannotCheck, Malformed, Problems, count, digestOf, hex, listed } from "./bytes.js";
import { MAX_DOCUMENT, isUuid } from "./canonical.js";
import { checkDistinct, checkName, isLeftByASystem, rising, shown } from "./names.js";
import { MAX_FILES, checkEndIsSeen, crcOf, isFolder, readMembers } from "./zip.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./zip.js").Member} Member */
/** @typedef {{size: number, bytes: () => Promise<Bytes>}} Content a file, wherever it lies */
/** @typedef {"original" | "zip" | "folder"} Wrapping */
/** @typedef {{name: string, files: Map<string, File>}} Folder files by their names within it */

const FOLDER = "takeback-dossier-";
export const LISTING = "data/dossier.json";
const MAX_UNPACKED = 8 * 2 ** 30;
const MAX_RATIO = 200;
const MAX_IN_MEMORY = 2 ** 30;
const MOST_NAMED = 20;
const NAME = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

/** An opened package: which files there are, and what is in them. */
export class Package {
  /** @type {Map<string, Bytes>} */
  #digests = new Map();
  /** The names, rising. @type {string[]} */
  #sorted;

  /** @param {Map<string, Content>} files by name, relative to the package's folder
   * @param {Map<string, Content>} foreign what lies beside them, by its whole name
   * @param {string} folder what the package's folder is called @param {Wrapping} wrapping */
  constructor(files, foreign, folder, wrapping) {
    this.files = files;
    this.foreign = foreign;
    this.id = idOf(folder);
    this.wrapping = wrapping;
    this.#sorted = [...files.keys()].sort();
  }

  /** @param {string} name */
  has(name) {
    return this.files.has(name);
  }

  /** @param {string} [under] */
  names(under = "") {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] ?? "") < under) low = middle + 1;
      else high = middle;
    }
    while (this.#sorted[high]?.startsWith(under)) high++;
    return this.#sorted.slice(low, high);
  }

  /** @param {string} name @returns {Content} */
  content(name) {
    const content = this.files.get(name);
    if (!content) throw new Malformed(`${name} is missing`);
    return content;
  }

  /** @param {string} name */
  size(name) {
    return this.content(name).size;
  }

  /** A whole document. @param {string} name */
  async read(name) {
    if (this.size(name) > MAX_DOCUMENT) throw new Malformed(`${name} is longer than ${MAX_DOCUMENT} bytes`);
    const data = await this.content(name).bytes();
    const found = await digestOf(data);
    if (hex(this.#digests.get(name) ?? found) !== hex(found)) throw new Malformed(`${name} was changed while it was read`);
    this.#digests.set(name, found);
    return data;
  }

  /** A file's SHA-256; computed once. @param {string} name @returns {Promise<Bytes>} */
  async digest(name) {
    const known = this.#digests.get(name);
    if (known) return known;
    const found = await digestOf(await this.content(name).bytes());
    this.#digests.set(name, found);
    return found;
  }

  /** Read every file once; in a zip those beside the package too. */
  async checkContents() {
    const problems = [];
    for (const name of this.#sorted) problems.push(...(await damage(() => this.digest(name))));
    if (this.wrapping !== "folder") {
      for (const content of this.foreign.values()) problems.push(...(await damage(() => content.bytes())));
    }
    if (problems.length) throw new Problems(problems);
  }

  /** What is said of the container, in sentences. */
  describe() {
    const number = count(this.files.size, "file");
    if (this.wrapping === "original") {
      return [`The zip holds ${number} in one folder, and every byte of it follows from them.`];
    }
    const wrapping = this.wrapping === "zip" ? "The zip" : "A folder";
    const said = [`${wrapping} is not the original wrapping, so nothing is said of it; the ${number} in it are judged.`];
    const names = rising([...this.foreign.keys()]).map(shown);
    if (!names.length) return said;
    const more = names.length - MOST_NAMED;
    const named = more > 0 ? [...names.slice(0, MOST_NAMED), `${more.toLocaleString("en-US")} more`] : names;
    const lie =
      names.length === 1
        ? "Beside them lies 1 file that is not part of the package and proves nothing"
        : `Beside them lie ${count(names.length, "file")} that are not part of the package and prove nothing`;
    return [...said, `${lie}: ${listed(named)}.`];
  }
}

/** @param {() => Promise<unknown>} read @returns {Promise<string[]>} */
async function damage(read) {
  try {
    await read();
  } catch (error) {
    if (error instanceof Malformed) return [error.message];
    throw error;
  }
  return [];
}

/** The bytes of a file in a zip. @param {Blob} blob @param {Member} member @param {string} name @returns {Promise<Bytes>} */
async function unpacked(blob, { size, crc, method, data, packed }, name) {
  if (size > MAX_IN_MEMORY) {
    throw new CannotCheck(`${name} is too large for a browser; use the program takeback-verify`);
  }
  const raw = blob.slice(data, data + packed);
  const stream = method === 8 ? raw.stream().pipeThrough(new DecompressionStream("deflate-raw")) : raw.stream();
  const whole = new Uint8Array(size);
  let at = 0;
  let check = 0;
  const reader = stream.getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      if (at + read.value.length > size) throw new Malformed(`${name} is larger than the zip says`);
      whole.set(read.value, at);
      at += read.value.length;
      check = crcOf(read.value, check);
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    if (error instanceof Malformed) throw error;
    throw new Malformed(`${name} is damaged: it cannot be inflated`);
  }
  if (at !== size || check !== crc) throw new Malformed(`${name} is damaged: it is not what the zip says of it`);
  return whole;
}

/** The bytes of a file on a disc. @param {File} file @param {string} name @returns {Promise<Bytes>} */
async function onDisc(file, name) {
  if (file.size > MAX_IN_MEMORY) {
    throw new CannotCheck(`${name} is too large for a browser; use the program takeback-verify`);
  }
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new CannotCheck(`${name} cannot be read: ${String(error)}`);
  }
}

/** The package in a zip or in a folder. @param {Blob | Folder} source @returns {Promise<Package>} */
export async function openPackage(source) {
  if (!(source instanceof Blob)) {
    if (source.files.size > MAX_FILES) throw new Malformed(`the folder has more than ${MAX_FILES} files`);
    const found = [...source.files].map(([name, file]) => {
      /** @type {[string, Content]} */
      const named = [name, { size: file.size, bytes: () => onDisc(file, shown(name)) }];
      return named;
    });
    return arranged(new Map(found), [], "folder", source.name, MAX_UNPACKED);
  }
  const { members, formal } = await readMembers(source);
  const folders = members.filter(isFolder);
  for (const folder of folders) {
    if (folder.packed || folder.method === 8) await unpacked(source, folder, shown(folder.name));
  }
  const files = members.filter((member) => !isFolder(member));
  const found = files.map((member) => {
    /** @type {[string, Content]} */
    const named = [member.name, { size: member.size, bytes: () => unpacked(source, member, shown(member.name)) }];
    return named;
  });
  const wrapping = formal && isOriginal(members) ? "original" : "zip";
  const names = folders.map((member) => member.name.slice(0, -1));
  const opened = arranged(new Map(found), names, wrapping, "", MAX_RATIO * source.size);
  for (const member of files) if (opened.foreign.has(member.name)) checkEndIsSeen(member, false);
  return opened;
}

/** Whether a zip holds nothing but a package in its folder. @param {Member[]} members */
function isOriginal(members) {
  const folder = members[0]?.name.split("/", 1)[0] ?? "";
  const inside = members.map(({ name }) => (name.startsWith(`${folder}/`) ? name.slice(folder.length + 1) : ""));
  return idOf(folder) !== null && inside.every((name) => NAME.test(name) && !isLeftByASystem(name));
}

/** @param {Map<string, Content>} files @param {string[]} folders @param {Wrapping} wrapping @param {string} outer
 * @param {number} allowed most bytes */
function arranged(files, folders, wrapping, outer, allowed) {
  // 1. Names that all systems read alike, and none twice.
  const names = [...files.keys()];
  for (const name of [...names, ...folders]) checkName(name);
  checkDistinct(names, folders);
  // 2. One folder that is the package; what lies elsewhere, or was left in it by a system, is not of it.
  const root = rootOf(names);
  const own = new Map();
  const foreign = new Map();
  for (const [name, content] of files) {
    const inside = name.startsWith(root) ? name.slice(root.length) : null;
    if (inside === null || isLeftByASystem(inside)) foreign.set(name, content);
    else if (NAME.test(inside)) own.set(inside, content);
    else throw new Malformed(`${shown(name)} is not a name that a package may have`);
  }
  // 3. Not larger than anybody would expect.
  const unpackedSize = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  const most = Math.min(allowed, MAX_UNPACKED);
  if (unpackedSize > most) throw new Malformed(`its files have ${unpackedSize} bytes; at most ${most} are allowed`);
  return new Package(own, foreign, root.split("/").at(-2) ?? outer, wrapping);
}

/** The package's folder with its slash; empty if it is the whole. @param {string[]} names */
function rootOf(names) {
  const lists = names.filter((name) => `/${name}`.endsWith(`/${LISTING}`) && !isLeftByASystem(name));
  let roots = new Set(lists.map((name) => name.slice(0, -LISTING.length)));
  if (!roots.size) { // a package all the same, if its folder says so
    const called = names.filter((name) => name.startsWith(FOLDER) && name.includes("/"));
    roots = new Set(called.map((name) => `${name.split("/", 1)[0]}/`));
  }
  const [root, ...more] = roots;
  if (root === undefined) throw new CannotCheck(`there is no ${LISTING} in it; it is not a package of this kind`);
  if (more.length) throw new Malformed("there is more than one package in it");
  return root;
}

/** @param {string} folder */
function idOf(folder) {
  const name = folder.startsWith(FOLDER) ? folder.slice(FOLDER.length) : "";
  return isUuid(name) ? name : null;
}
