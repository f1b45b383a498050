// The ten steps, as verdict.py takes them, with the same sentences.

import {
  CannotCheck, Malformed, NotProven, Problems, UnknownLog, VerifyError, capital, count, digestOf, encoded, hex,
  listed, spelt, when,
} from "./bytes.js";
import { LISTING, openPackage } from "./container.js";
import {
  ENTRIES, EXHIBITS, PROOF, TAG_FILES, checkBody, exhibitOf, isUnlisted, parseConsistency,
  parseEntries, parseListing, parseOwnEntry, parsePaths,
} from "./documents.js";
import { SKEW, byCapture, readExhibit, readRounds, saidWrong } from "./exhibits.js";
import { leafHash, verifyConsistency, verifyInclusion } from "./merkle.js";
import { rising } from "./names.js";
import { parseNote, parseTlogProof } from "./note.js";
import { accept, checkLines, openOfLog } from "./policy.js";
import { verifyStamp } from "./stamp.js";
import { authoritiesOf, tell } from "./story.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./container.js").Package} Package */
/** @typedef {import("./documents.js").Trust} Trust */
/** @typedef {import("./documents.js").Placed} Placed */
/** @typedef {import("./documents.js").Opening} Opening */
/** @typedef {import("./story.js").Anchor} Anchor */
/** @typedef {{number: number, title: string, outcome: "holds" | "fails" | "cannot check" | "not checked",
 *   said: string[]}} Step */

const ANCHORS = `${PROOF}anchors/`;

class NotChecked extends Error {}

/** Check a package in a zip or a folder. @param {Blob | import("./container.js").Folder} source @param {Trust} trust */
export async function verify(source, trust) {
  const check = new Check(source, trust);
  /** @type {Step[]} */
  const steps = [];
  for (const [n, [title, run, needs]] of check.steps().entries()) {
    steps.push(await check.step(n + 1, title, run, needs));
  }
  const outcomes = steps.map((step) => step.outcome);
  const verdict = outcomes.includes("fails") ? "INVALID" : outcomes.includes("cannot check") ? "CANNOT CHECK" : "VALID";
  return { verdict, steps, ...check.wrapping() };
}

/** What was proven so far. */
class Check {
  /** @type {Set<number>} */ #held = new Set();
  /** @type {Package | null} */ #package = null;
  /** @type {ReturnType<typeof parseListing> | null} */ #listing = null;
  /** @type {ReturnType<typeof parseTlogProof> | null} */ #proof = null;
  /** @type {import("./note.js").Checkpoint | null} */ #final = null;
  /** @type {Placed[]} */ #entries = [];
  /** @type {Anchor[]} */ #anchors = [];
  /** @type {Map<string, import("./rounds.js").Judged>} */ #rounds = new Map();
  #source;
  #trust;

  /** @param {Blob | import("./container.js").Folder} source @param {Trust} trust */
  constructor(source, trust) {
    this.#source = source;
    this.#trust = trust;
  }

  /** @returns {[string, () => Promise<string[]>, number[]][]} */
  steps() {
    return [
      ["Container", () => this.#container(), []],
      ["Bag", () => this.#bag(), [1]],
      ["List of files", () => this.#closed(), [1]],
      ["Log and witnesses", () => this.#log(), [1]],
      ["The package's own entry", () => this.#ownEntry(), [4]],
      ["Entries", () => this.#openedEntries(), [4]],
      ["Timestamps", () => this.#timestamps(), [4, 6]],
      ["Exhibits", () => this.#exhibits(), [1, 6]],
      ["What happened", async () => this.#story(), [3, 4, 5, 6, 7, 8]],
      ["Sealed parts", async () => this.#sealed(), [8]],
    ];
  }

  /** @param {number} number @param {string} title @param {() => Promise<string[]>} run @param {number[]} needs
   * @returns {Promise<Step>} */
  async step(number, title, run, needs) {
    const missing = needs.find((n) => !this.#held.has(n));
    if (missing) {
      const said = [`Step ${missing} does not hold, and this step depends on it.`];
      return { number, title, outcome: "not checked", said };
    }
    try {
      const said = await run();
      this.#held.add(number);
      return { number, title, outcome: "holds", said };
    } catch (error) {
      if (error instanceof NotChecked) return { number, title, outcome: "not checked", said: [error.message] };
      if (!(error instanceof VerifyError)) throw error;
      const said = (error instanceof Problems ? error.problems : [error.message]).map(sentence);
      const unknown = error instanceof CannotCheck || error instanceof UnknownLog;
      return { number, title, outcome: unknown ? "cannot check" : "fails", said };
    }
  }

  /** What the files came in, and what lies beside them, as far as that was read. */
  wrapping() {
    return { foreign: rising([...(this.#package?.foreign.keys() ?? [])]), wrapping: this.#package?.wrapping ?? null };
  }

  // 1.
  async #container() {
    const opened = await openPackage(this.#source);
    this.#package = opened;
    await opened.checkContents();
    return opened.describe();
  }

  // 2.
  async #bag() {
    const opened = this.#opened();
    const listing = await this.#parsedListing();
    const payload = opened.names("data/");
    const size = payload.reduce((sum, name) => sum + opened.size(name), 0);
    const wanted = {
      "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
      "bag-info.txt":
        `Bagging-Date: ${listing.made.slice(0, 10)}\nExternal-Identifier: ${listing.id}\n` +
        `Payload-Oxum: ${size}.${payload.length}\nSource-Organization: ${listing.service}\n`,
      "manifest-sha256.txt": await manifest(opened, payload),
      "tagmanifest-sha256.txt": await manifest(opened, TAG_FILES.filter((name) => opened.has(name))),
    };
    const wrong = [];
    for (const [name, content] of Object.entries(wanted)) {
      if (hex(await opened.read(name)) !== hex(encoded(content))) wrong.push(name);
    }
    if (wrong.length) throw new Problems(wrong.map((name) => `${name} is not what the other files require`));
    return ["The files of the BagIt bag are exactly what the other files require."];
  }

  // 3.
  async #closed() {
    const opened = this.#opened();
    const listing = this.#listing ?? parseListing(await opened.read(LISTING));
    this.#listing = listing;
    const problems = [];
    if (opened.id !== null && opened.id !== listing.id) problems.push(`${LISTING} is of the package ${listing.id}, not ${opened.id}`);
    for (const { name, size, sha256 } of listing.files) {
      if (!opened.has(name)) problems.push(`${name} is listed and missing`);
      else if (opened.size(name) !== size || hex(await opened.digest(name)) !== sha256) {
        problems.push(`${name} is not the file that is listed`);
      }
    }
    const known = new Set(listing.files.map((file) => file.name));
    for (const name of opened.names()) {
      if (!known.has(name) && !isUnlisted(name)) problems.push(`${name} is in the package and nothing covers it`);
    }
    if (problems.length) throw new Problems(problems);
    return [
      `All ${count(known.size, "file")} of the closed list are there, unchanged, and no other.`,
      `It is the evidence of case ${listing.case}, made by ${listing.service} on ${when(listing.made)} ` +
        `with ${listing.software}.`,
    ];
  }

  // 4.
  async #log() {
    const opened = this.#opened();
    const { log } = await this.#parsedListing();
    const { policy } = this.#trust;
    if (!policy.logs.some((key) => key.name === log)) {
      throw new CannotCheck(`the package is of the log '${log}', which the trust file does not know`);
    }
    const proof = parseTlogProof(await opened.read(`${PROOF}dossier.tlog-proof`));
    if (proof.extra) throw new Malformed(`${PROOF}dossier.tlog-proof carries data that nothing covers`);
    let accepted;
    try {
      accepted = await accept(policy, proof.note);
      await checkLines(policy, proof.note);
    } catch (error) {
      if (!(error instanceof UnknownLog)) throw error;
      throw new NotProven(`the final checkpoint is of another log: ${error.message}`);
    }
    const { checkpoint, times, notChecked } = accepted;
    if (checkpoint.origin !== log) throw new NotProven(`the final checkpoint is of '${checkpoint.origin}', not of '${log}'`);
    this.#proof = proof;
    this.#final = checkpoint;
    const said = [`The log ${log} signed that it had ${count(checkpoint.size, "entry")}.`];
    const witnesses = times.map(([name, seconds]) => `${name} on ${when(spelt(seconds * 1000))}`);
    if (!witnesses.length) said.push("The trust file asks for no witness, and none confirmed it.");
    else said.push(`Confirmed by ${count(witnesses.length, "witness")}: ${listed(witnesses)}.`);
    if (notChecked) said.push("The log's second signature, by ML-DSA-44, is there; it is not checked in a browser.");
    return said;
  }

  // 5.
  async #ownEntry() {
    const opened = this.#opened();
    const listing = await this.#parsedListing();
    const { proof, final } = this.#proven();
    const own = await parseOwnEntry(await opened.read(`${PROOF}dossier.json`));
    const { body, kind, at } = own.opening;
    if (
      kind !== "dossier_written" || Object.keys(body).sort().join() !== "case,dossier,manifest" ||
      body.case !== listing.case || body.dossier !== listing.id || body.manifest !== hex(await opened.digest(LISTING))
    ) {
      throw new NotProven(`the entry in ${PROOF}dossier.json commits to another package than this one`);
    }
    await verifyInclusion(await leafHash(own.leaf), proof.index, final.size, proof.path, final.root);
    const place = proof.index.toLocaleString("en-US");
    return [`Entry ${place} of the log, of ${when(at)}, commits to exactly this package.`];
  }

  // 6.
  async #openedEntries() {
    const opened = this.#opened();
    const listing = await this.#parsedListing();
    const { proof, final } = this.#proven();
    const entries = await parseEntries(await opened.read(ENTRIES));
    const { paths, size } = parsePaths(await opened.read(`${PROOF}entries.json`));
    if (size !== final.size || paths.length !== entries.length) {
      throw new Malformed(`${PROOF}entries.json does not hold one path for each entry in the final checkpoint`);
    }
    for (const [n, { index, leaf, opening }] of entries.entries()) {
      try {
        await verifyInclusion(await leafHash(leaf), index, size, paths[n] ?? [], final.root);
      } catch (error) {
        if (!(error instanceof NotProven)) throw error;
        throw new NotProven(`entry ${index} is not in the log: ${error.message}`);
      }
      checkBody(opening);
      const { at, body, kind } = opening;
      if (kind !== "evidence_erased" && ![undefined, null, listing.case].includes(body.case)) {
        throw new NotProven(`the entry of kind ${kind} of ${when(at)} is of another case`);
      }
    }
    if ((entries.at(-1)?.index ?? -1) >= proof.index) {
      throw new NotProven("an entry lies behind the one that commits to the package");
    }
    this.#entries = entries;
    return [`${count(entries.length, "entry")} of the log are opened; each lies in the log where it says.`];
  }

  // 7.
  async #timestamps() {
    const opened = this.#opened();
    const { stamps: promised } = await this.#parsedListing();
    const sizes = new Set(opened.names(ANCHORS).map((name) => Number(name.slice(ANCHORS.length).split(".", 1)[0])));
    /** @type {Anchor[]} */
    const anchors = [];
    let problems = [];
    for (const size of [...sizes].sort((one, other) => one - other)) {
      problems.push(...(await saidWrong(async () => anchors.push(await this.#anchor(size)))));
    }
    const { timestamps } = this.#trust;
    if (!problems.length) problems = this.#wrongStamps(anchors, promised);
    if (promised < timestamps) {
      const number = count(promised, "authority");
      problems.push(`the package's own entry is timestamped by ${number}; the trust file asks for ${timestamps}`);
    }
    if (problems.length) throw new Problems(problems);
    this.#contradictions(anchors);
    this.#anchors = anchors;
    const last = anchors.at(-1);
    if (!last) return ["No checkpoint is timestamped: only the log itself says when entries were made."];
    const said = anchors.map(
      (anchor) =>
        `The first ${count(anchor.size, "entry")} of the log existed by ${when(spelt(anchor.by))}: ` +
        `${listed(authoritiesOf(anchor))} signed it.`,
    );
    if (this.#entries.some((entry) => entry.index >= last.size)) {
      said.push("For entries behind the last timestamp, only the log itself says when they were made.");
    }
    return said;
  }

  /** @param {number} size @returns {Promise<Anchor>} */
  async #anchor(size) {
    const opened = this.#opened();
    const { final } = this.#proven();
    const prefix = `${ANCHORS}${size}.`;
    // 1. A checkpoint of the log, of this size; each line of it by somebody who is known.
    const note = parseNote(await opened.read(`${prefix}note`));
    const { checkpoint } = await openOfLog(this.#trust.policy, note);
    if (checkpoint.origin !== final.origin || checkpoint.size !== size) {
      throw new NotProven(`${prefix}note is of '${checkpoint.origin}' with ${checkpoint.size} entries`);
    }
    await checkLines(this.#trust.policy, note);
    // 2. It has grown into the final one.
    const path = parseConsistency(await opened.read(`${prefix}consistency`), `${prefix}consistency`);
    await verifyConsistency(size, final.size, path, checkpoint.root, final.root);
    // 3. Stamped by those whom the trust file names, numbered from 1.
    const numbers = opened.names(prefix).filter((name) => name.endsWith(".tsr")).map((name) => Number(name.split(".").at(-2)));
    numbers.sort((one, other) => one - other);
    if (numbers.some((number, n) => number !== n + 1)) {
      throw new Malformed(`the timestamps of ${prefix}note are not numbered from 1`);
    }
    const stamps = [];
    for (const number of numbers) stamps.push(await this.#stamp(`${prefix}${number}.tsr`, encoded(note.text)));
    // 4. By enough of them.
    /** @type {Map<string, number>} */
    const first = new Map();
    for (const { authority, at } of stamps) if (!first.has(authority)) first.set(authority, at);
    const times = [...first.values()].sort((one, other) => one - other);
    const needed = Math.max(this.#trust.timestamps, 1);
    const by = times[needed - 1];
    if (by === undefined) {
      throw new NotProven(
        `${prefix}note is stamped by ${times.length} of the authorities; the trust file asks for ${needed}`,
      );
    }
    return { size, stamps, by };
  }

  /** @param {string} file @param {Bytes} text */
  async #stamp(file, text) {
    const response = await this.#opened().read(file);
    const said = [];
    for (const { name, roots } of this.#trust.authorities) {
      try {
        const at = await verifyStamp(response, text, roots);
        return { authority: name, at, file, sha256: hex(await digestOf(response)) };
      } catch (error) {
        if (error instanceof CannotCheck || !(error instanceof VerifyError)) throw error;
        said.push(`${name}: ${error.message}`);
      }
    }
    throw new NotProven(`${file} is by none of the authorities of the trust file (${said.join("; ")})`);
  }

  /** What is wrong with which timestamps are there, in words. @param {Anchor[]} anchors @param {number} promised */
  #wrongStamps(anchors, promised) {
    const own = this.#proven().proof.index;
    const noted = this.#entries.filter(({ opening }) => opening.kind === "timestamped");
    const named = new Map(noted.map(({ index, opening: { body } }) => [`${body.size} ${body.token}`, index]));
    const there = new Map(
      anchors.flatMap(({ size, stamps }) => stamps.map(({ file, sha256 }) => [`${size} ${sha256}`, { size, file }])),
    );
    // 1. Each that the log noted, and below the package's own entry no other.
    const problems = [...named]
      .filter(([key]) => !there.has(key))
      .map(([, index]) => `the timestamp that entry ${index} speaks of is missing`);
    for (const [key, { size, file }] of there) {
      if (size <= own && !named.has(key)) problems.push(`${file} is named by no entry of the log`);
    }
    // 2. Over the package's own entry one anchor, stamped once by each of so many.
    const last = anchors.filter(({ size }) => size > own);
    const once = last.every((a) => a.stamps.length === promised && authoritiesOf(a).length === promised);
    if (last.length !== Math.min(promised, 1) || !once) {
      const number = count(promised, "authority");
      problems.push(`the package's own entry is not timestamped once by each of ${number}, as its list says`);
    }
    return problems;
  }

  /** An entry cannot be younger than a signature over it. @param {Anchor[]} anchors */
  #contradictions(anchors) {
    for (const { index, opening: { at } } of this.#entries) {
      for (const { size, by } of anchors) {
        if (index < size && Date.parse(at) > by + SKEW) {
          throw new NotProven(`entry ${index} says ${when(at)}, but was signed before that`);
        }
      }
    }
  }

  // 8.
  async #exhibits() {
    const opened = this.#opened();
    const facts = this.#entries.map((entry) => entry.opening);
    const captured = byCapture(facts.filter((fact) => fact.kind === "captured"));
    const erased = new Set(facts.flatMap((fact) => (fact.kind === "evidence_erased" ? [String(fact.body.capture)] : [])));
    const folders = new Set(opened.names(EXHIBITS).flatMap((name) => exhibitOf(name) ?? []));
    const problems = [...captured.keys()]
      .filter((capture) => !folders.has(capture) && !erased.has(capture))
      .sort()
      .map((capture) => `the exhibit ${capture}, which the log knows, is missing`);
    let parts = 0;
    for (const capture of [...folders].sort()) {
      problems.push(
        ...(await saidWrong(async () => {
          const fact = captured.get(capture);
          if (!fact) throw new NotProven(`no entry of the log speaks of the exhibit ${capture}`);
          parts += await readExhibit(opened, fact, erased.has(capture));
        })),
      );
    }
    const looked = await readRounds(opened, facts);
    this.#rounds = looked.rounds;
    problems.push(...looked.problems);
    if (problems.length) throw new Problems(problems);
    const gone = [...erased].filter((capture) => captured.has(capture)).sort();
    return [
      `${count(folders.size, "exhibit")} with ${count(parts, "part")}: unchanged since recorded.`,
      ...gone.map((capture) => `The sealed parts of exhibit ${capture} were destroyed.`),
    ];
  }

  // 9.
  #story() {
    const lines = tell(this.#entries, this.#anchors, this.#rounds);
    return lines.length ? lines : ["The package opens no entry that tells a story."];
  }

  // 10.
  /** @returns {string[]} */
  #sealed() {
    throw new NotChecked("A browser does not open sealed parts; takeback-verify --open does, for who holds a key.");
  }

  #opened() {
    if (!this.#package) throw new NotChecked("The package is not open.");
    return this.#package;
  }

  #proven() {
    if (!this.#proof || !this.#final) throw new NotChecked("The final checkpoint is not proven.");
    return { proof: this.#proof, final: this.#final };
  }

  async #parsedListing() {
    try {
      this.#listing ??= parseListing(await this.#opened().read(LISTING));
    } catch (error) {
      if (!(error instanceof VerifyError)) throw error;
      throw new NotChecked(`${LISTING} cannot be read, and this step depends on it.`);
    }
    return this.#listing;
  }
}

/** @param {Package} opened @param {string[]} names */
async function manifest(opened, names) {
  const lines = [];
  for (const name of [...names].sort()) lines.push(`${hex(await opened.digest(name))}  ${name}\n`);
  return lines.join("");
}

/** @param {string} text */
function sentence(text) {
  const named = /^[^ ]*[/.]/.test(text); // a file's name is spelt as it is
  return (named ? text : capital(text)) + (text.endsWith(".") ? "" : ".");
}
