// Exhibits as they lie in a package, against what the log recorded of them, as exhibits.py.

import { CannotCheck, NotProven, Problems, VerifyError, hex, when } from "./bytes.js";
import { EXHIBITS, ROUNDS, parseExhibit } from "./documents.js";
import { judge, parseRound } from "./rounds.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./rounds.js").Judged} Judged */
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

/** All rounds of looks by their hashes, each beside its entry, and what is wrong with them.
 * @param {Package} opened @param {Opening[]} facts
 * @returns {Promise<{rounds: Map<string, Judged>, problems: string[]}>} */
export async function readRounds(opened, facts) {
  const entries = new Map(facts.flatMap((fact) => (fact.kind === "rechecked" ? [[fact.body.series, fact]] : [])));
  /** @type {Map<string, Judged>} */
  const rounds = new Map();
  const problems = wrongNumbers(facts);
  for (const name of opened.names(ROUNDS)) {
    const digest = hex(await opened.digest(name));
    const fact = entries.get(digest);
    entries.delete(digest);
    if (name !== `${ROUNDS}${digest}.json` || !fact) problems.push(`${name} is named by no entry of the log`);
    else {
      const read = async () => rounds.set(digest, readRound(await opened.read(name), name, fact));
      problems.push(...(await saidWrong(read)));
    }
  }
  for (const series of [...entries.keys()].sort()) {
    problems.push(`${ROUNDS}${series}.json, which the log knows, is missing`);
  }
  return { rounds, problems: [...problems, ...wrongFindings(facts)] };
}

/** @param {Bytes} data @param {string} name @param {Opening} fact @returns {Judged} */
function readRound(data, name, { at, body }) {
  const document = parseRound(data, name);
  if (document.target !== body.target || document.round !== body.round) {
    throw new NotProven(`${name} is of another round than its entry in the log`);
  }
  if (Date.parse(document.at) > Date.parse(at) + SKEW) {
    throw new NotProven(`${name} says that it was looked after that was recorded`);
  }
  try {
    return judge(document, body.finding);
  } catch (error) {
    if (!(error instanceof NotProven)) throw error;
    throw new NotProven(`${name}: ${error.message}`);
  }
}

/** @param {Opening} fact */
function place({ body }) {
  return JSON.stringify([body.target, body.round]);
}

/** What is wrong with the numbers of rounds: each is of a planned removal, and none is left out.
 * @param {Opening[]} facts @returns {string[]} */
export function wrongNumbers(facts) {
  const planned = new Set(facts.flatMap(({ body, kind }) => (kind === "removal_planned" ? [body.target] : [])));
  const concluded = new Set(facts.flatMap((fact) => (fact.kind === "rechecked" ? [place(fact)] : [])));
  /** @type {Map<any, number>} */
  const expected = new Map();
  /** @type {Map<any, number>} */
  const skipped = new Map();
  const older = new Set();
  const problems = [];
  for (const fact of facts) {
    const { target, round } = fact.body;
    if (fact.kind === "retry_asked") skipped.set(target, (skipped.get(target) ?? 0) + 1);
    else if (["found_gone", "found_again"].includes(fact.kind) && !concluded.has(place(fact))) older.add(target);
    else if (fact.kind === "rechecked") {
      const first = expected.get(target) ?? 0;
      if (!planned.has(target)) {
        problems.push(`round ${round} is of ${target}, which is no removal of the package`);
      } else if (round < first) {
        problems.push(`round ${round} of ${target} is there twice, or comes too late`);
      } else if (round > first + (skipped.get(target) ?? 0) && !older.has(target)) {
        problems.push(`round ${first} of ${target} is left out`);
      }
      expected.set(target, round + 1);
      skipped.set(target, 0);
      older.delete(target);
    }
  }
  return problems;
}

/** Entries that say of a round what the round's own entry does not say. @param {Opening[]} facts */
export function wrongFindings(facts) {
  const said = new Map(facts.flatMap((fact) => (fact.kind === "rechecked" ? [[place(fact), fact.body.finding]] : [])));
  const wanted = new Map([["found_gone", "gone"], ["found_again", "there"]]);
  return facts.flatMap((fact) => {
    const finding = wanted.get(fact.kind);
    return finding === undefined || (said.get(place(fact)) ?? finding) === finding
      ? []
      : [`the entry of kind ${fact.kind} of ${when(fact.at)} contradicts the round that it speaks of`];
  });
}
