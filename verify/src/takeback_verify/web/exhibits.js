// Exhibits as they lie in a package, against what the log recorded of them, as exhibits.py.

import { CannotCheck, NotProven, Problems, VerifyError, hex } from "./bytes.js";
import { readJson } from "./canonical.js";
import { EXHIBITS, ROUNDS, parseExhibit } from "./documents.js";

/** @typedef {import("./container.js").Package} Package */
/** @typedef {import("./documents.js").Opening} Opening */

/** How far two clocks may differ, in milliseconds, before one of them is called a contradiction. */
export const SKEW = 5 * 60 * 1000;

/** What a check says is wrong. @param {() => Promise<unknown>} check @returns {Promise<string[]>} */
export async function saidWrong(check) {
  try {
    await check();
    return [];
  } catch (error) {
    if (error instanceof CannotCheck || !(error instanceof VerifyError)) throw error;
    return [error.message];
  }
}

/** @param {Opening[]} facts */
export function byCapture(facts) {
  /** @type {Map<string, Opening>} */
  const found = new Map();
  for (const fact of facts) {
    if (found.has(fact.body.capture)) throw new NotProven(`two entries claim the exhibit ${fact.body.capture}`);
    found.set(fact.body.capture, fact);
  }
  return found;
}

/** One exhibit, whose entry in the log is `fact`; its number of parts. @param {Package} opened
 * @param {Opening} fact @param {boolean} erased */
export async function readExhibit(opened, fact, erased) {
  const folder = `${EXHIBITS}${fact.body.capture}/`;
  const document = `${folder}exhibit.json`;
  const exhibit = parseExhibit(await opened.read(document));
  // 1. The one that the log knows.
  if (hex(await opened.digest(document)) !== fact.body.exhibit) {
    throw new NotProven(`${document} is not the one that was recorded`);
  }
  if (exhibit.capture !== fact.body.capture || exhibit.reason !== fact.body.reason) {
    throw new NotProven(`${document} contradicts its entry in the log`);
  }
  if (Date.parse(exhibit.capturedAt) > Date.parse(fact.at) + SKEW) {
    throw new NotProven(`${document} says that it was captured after that was recorded`);
  }
  // 2. Its parts, and no other.
  const wanted = new Map(exhibit.parts.map((part) => [folder + part.name, part]));
  const there = new Set(opened.names(folder).filter((name) => name !== document));
  const isSealed = (/** @type {string} */ name) => name.startsWith(`${folder}sealed/`);
  if (erased && [...wanted.keys()].some((name) => isSealed(name) && there.has(name))) {
    throw new NotProven(`the log says that the sealed parts of ${folder} were destroyed, and they are here`);
  }
  const problems = [...there].filter((name) => !wanted.has(name)).map((name) => `${name} is no part of the exhibit`);
  for (const [name, { size, sha256 }] of wanted) {
    if (erased && isSealed(name)) continue;
    if (!there.has(name)) problems.push(`${name} is missing`);
    else if (opened.size(name) !== size || hex(await opened.digest(name)) !== sha256) {
      problems.push(`${name} is not what was captured`);
    }
  }
  if (problems.length) throw new Problems(problems);
  return wanted.size;
}

/** @param {Package} opened @param {Opening[]} facts */
export async function wrongRounds(opened, facts) {
  const known = new Set(facts.flatMap((fact) => (fact.kind === "rechecked" ? [fact.body.series] : [])));
  const problems = [];
  for (const name of opened.names(ROUNDS)) {
    const digest = hex(await opened.digest(name));
    if (name !== `${ROUNDS}${digest}.json` || !known.has(digest)) {
      problems.push(`${name} is named by no entry of the log`);
    } else {
      problems.push(...(await saidWrong(async () => readJson(await opened.read(name), name))));
    }
  }
  return problems;
}
