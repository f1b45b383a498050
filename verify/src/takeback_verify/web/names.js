// Names of files that all systems read alike, as names.py knows them.

import { Malformed, encoded, hex } from "./bytes.js";

const MAX_NAME = 1024;
const RESERVED = /[\\:*?"<>|]|~[0-9]/;
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const LEFT_BY_SYSTEMS = new Set([".ds_store", ".localized", ".directory", "thumbs.db", "ehthumbs.db", "desktop.ini"]);

/** Refuse a name that some system would write elsewhere or otherwise. @param {string} name */
export function checkName(name) {
  const normal = name.normalize("NFKC");
  const unsafe =
    encoded(name).length > MAX_NAME || name.split("/").some((part) => part === "" || /[. ]$/.test(part)) ||
    RESERVED.test(name) || INVISIBLE.test(name) || normal.includes("\\") ||
    normal.split("/").length !== name.split("/").length;
  if (unsafe) throw new Malformed(`${shown(name)} is a name that systems read in different ways`);
}

/** Refuse names that some disc takes for one, or a file for a folder. @param {string[]} files @param {string[]} folders */
export function checkDistinct(files, folders) {
  /** @type {Map<string, string>} */
  const seen = new Map();
  for (const name of files) {
    if (seen.has(folded(name))) throw new Malformed(`${shown(name)} is there twice, or nearly so`);
    seen.set(folded(name), `file ${name}`);
  }
  const paths = new Set([...files, ...folders.map((folder) => `${folder}/`)].flatMap(above));
  for (const path of paths) {
    const known = seen.get(folded(path)) ?? `folder ${path}`;
    if (known !== `folder ${path}`) throw new Malformed(`${shown(path)} is there twice, or nearly so`);
    seen.set(folded(path), known);
  }
}

/** Whether Finder, Explorer or a desktop leaves a file of this name in folders. @param {string} name */
export function isLeftByASystem(name) {
  const parts = name.split("/");
  const last = parts.at(-1) ?? "";
  return parts[0] === "__MACOSX" || LEFT_BY_SYSTEMS.has(last.toLowerCase()) || (last.startsWith("._") && last !== "._");
}

/** A name for a sentence: on one line, whatever is in it. @param {string} name */
export function shown(name) {
  return Array.from(name, (letter) => (INVISIBLE.test(letter) ? `\\u{${letter.codePointAt(0)?.toString(16)}}` : letter)).join("");
}

/** By the code points of their letters. @param {string[]} names */
export function rising(names) {
  const spelt = names.map((name) => ({ name, key: hex(encoded(name)) }));
  return spelt.sort((one, other) => (one.key < other.key ? -1 : 1)).map(({ name }) => name);
}

/** What names share that some disc takes for one. @param {string} name */
function folded(name) {
  return name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}

/** @param {string} name */
function above(name) {
  const parts = name.split("/").slice(0, -1);
  return parts.map((_, n) => parts.slice(0, n + 1).join("/"));
}
