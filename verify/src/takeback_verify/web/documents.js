// The package's documents, as listing.py, entries.py, exhibit.py and trust.py read them.

import {
  CannotCheck, Malformed, NotProven, VerifyError, decoded, digestOf, encoded, hex, joinedBytes, unbase64, when,
} from "./bytes.js";
import { Fields, checkedTime, isUuid, readJson, writeJson } from "./canonical.js";
import { LISTING } from "./container.js";
import { isLeftByASystem } from "./names.js";
import { parsePolicy } from "./policy.js";
import { parseCertificate } from "./stamp.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {{at: string, body: any, id: number, kind: string}} Opening */
/** @typedef {{leaf: Bytes, opening: Opening}} Opened */
/** @typedef {{index: number, leaf: Bytes, opening: Opening}} Placed */
/** @typedef {{name: string, roots: Bytes[]}} Authority */
/** @typedef {{authorities: Authority[], policy: import("./policy.js").Policy, timestamps: number}} Trust */
/** @typedef {{name: string, size: number, sha256: string}} ListedFile */

export const BAG_FILES = ["bag-info.txt", "bagit.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"];
export const TAG_FILES = ["VERIFY.html", "VERIFY.txt", "bag-info.txt", "bagit.txt", "manifest-sha256.txt"];
export const ENTRIES = "data/entries.jsonl";
export const EXHIBITS = "data/exhibits/";
export const ROUNDS = "data/rounds/";
export const PROOF = "data/proof/";
const REQUIRED = ["VERIFY.html", "VERIFY.txt", "data/METHOD.md", "data/case.jsonld", ENTRIES];
const ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const LISTED = new RegExp(
  "^(?:VERIFY\\.html|VERIFY\\.txt|data/METHOD\\.md|data/case\\.jsonld|data/entries\\.jsonl" +
    "|data/certificate\\.[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*\\.pdf" +
    `|data/exhibits/${ID}/(?:exhibit\\.json|sealed/[A-Za-z0-9._-]+\\.age|open/[A-Za-z0-9._-]+)` +
    "|data/rounds/[0-9a-f]{64}\\.json)$",
);
const UNLISTED =
  /^data\/proof\/(?:dossier\.json|dossier\.tlog-proof|entries\.json|anchors\/(?:0|[1-9][0-9]{0,18})\.(?:note|consistency|[1-9][0-9]?\.tsr))$/;
const PART = /^(?:sealed\/[A-Za-z0-9._-]+\.age|open\/[A-Za-z0-9._-]+)$/;
const NO_COMMITMENT = ["sealed/opening.json.age", "sealed/key.age"];
const MAX_PATH = 63;

/** The fields that an entry of a kind must have to be interpreted: "s" for text, "n" for numbers. */
const NEEDED = new Map(
  Object.entries({
    captured: "capture:s sighting:n reason:s exhibit:s",
    deletion_observed: "capture:s by:s",
    decided: "decision:s verdict:s effective_at:s",
    decision_undone: "decision:s",
    decision_effective: "decision:s verdict:s",
    removal_planned: "target:s sighting:n",
    removal_step_done: "target:s action:s",
    found_gone: "target:s round:n",
    found_again: "target:s round:n",
    rechecked: "target:s round:n finding:s series:s",
    watched: "connector:s shard:s since:s until:s posts:n gap_ms:n",
    timestamped: "size:n authority:s token:s",
    evidence_erased: "capture:s",
    dossier_written: "dossier:s case:s manifest:s",
  }),
);

/** @param {string[]} names @param {string} what */
function mustRise(names, what) {
  if (names.some((name, n) => n > 0 && name <= (names[n - 1] ?? ""))) {
    throw new Malformed(`${what} does not list its files by rising name, each once`);
  }
}

/** @param {Bytes} data */
export function parseListing(data) {
  const whole = new Fields(readJson(data, LISTING), LISTING, "case files id log made service software stamps v");
  whole.firstVersion();
  /** @type {ListedFile[]} */
  const files = whole.rows("files").map((row) => {
    const fields = new Fields(row, `${LISTING}: a file`, "bytes name sha256");
    return { name: fields.text("name"), size: fields.count("bytes"), sha256: hex(fields.digest("sha256")) };
  });
  const names = files.map((file) => file.name);
  mustRise(names, LISTING);
  for (const name of names) {
    if (!LISTED.test(name) || isLeftByASystem(name)) {
      throw new Malformed(`${LISTING} lists ${name}, which is no file of a package`);
    }
  }
  for (const name of REQUIRED) {
    if (!names.includes(name)) throw new Malformed(`${LISTING} does not list ${name}`);
  }
  if (!names.some((name) => name.startsWith("data/certificate."))) {
    throw new Malformed(`${LISTING} lists no certificate`);
  }
  return {
    case: whole.uuid("case"),
    files,
    id: whole.uuid("id"),
    log: whole.text("log"),
    made: whole.time("made"),
    service: whole.text("service"),
    software: whole.text("software"),
    stamps: whole.count("stamps"),
  };
}

/** @param {string} name */
export function isUnlisted(name) {
  return BAG_FILES.includes(name) || name === LISTING || UNLISTED.test(name);
}

/** The capture whose exhibit a file belongs to. @param {string} name */
export function exhibitOf(name) {
  const capture = name.slice(EXHIBITS.length).split("/", 1)[0] ?? "";
  return isUuid(capture) ? capture : null;
}

/** What opens a leaf, and that it does. @param {Fields} fields @returns {Promise<Opened>} */
async function parseOpened(fields) {
  const inner = new Fields(fields.values.opening, `${fields.what}: opening`, "at body id kind");
  const { body } = inner.values;
  const plain = typeof body === "object" && body !== null && !Array.isArray(body);
  if (!plain || Object.values(body).some((value) => value !== null && !["string", "number"].includes(typeof value))) {
    throw new Malformed(`${inner.what}: body is not an object of text, integers and null`);
  }
  const opening = { at: inner.time("at"), body, id: inner.count("id"), kind: inner.text("kind") };
  const leaf = encoded(fields.text("leaf"));
  const known = new Fields(readJson(leaf, "a leaf"), "a leaf", "commit t type v");
  known.firstVersion();
  const salted = joinedBytes(fields.digest("salt"), encoded(writeJson(opening)));
  if (
    leaf.length > 4096 || !/^[a-z][a-z0-9_]{0,63}$/.test(known.text("type")) ||
    hex(known.digest("commit")) !== hex(await digestOf(salted)) ||
    checkedTime(known.text("t")) !== opening.at || known.text("type") !== opening.kind
  ) {
    throw new NotProven(`${fields.what}: what it says is not what the log committed to`);
  }
  return { leaf, opening };
}

/** @param {Bytes} data */
export function parseOwnEntry(data) {
  const name = `${PROOF}dossier.json`;
  return parseOpened(new Fields(readJson(data, name), name, "leaf opening salt"));
}

/** @param {Bytes} data @returns {Promise<Placed[]>} */
export async function parseEntries(data) {
  const text = decoded(data, ENTRIES);
  if (text && !text.endsWith("\n")) throw new Malformed(`the last line of ${ENTRIES} does not end`);
  /** @type {Placed[]} */
  const placed = [];
  for (const [number, line] of text.split("\n").slice(0, -1).entries()) {
    const what = `${ENTRIES}, line ${number + 1}`;
    const fields = new Fields(readJson(encoded(line), what), what, "index leaf opening salt");
    const index = fields.count("index");
    if (index <= (placed.at(-1)?.index ?? -1)) throw new Malformed(`${what}: the entries do not rise`);
    placed.push({ index, ...(await parseOpened(fields)) });
  }
  return placed;
}

/** @param {unknown} text @param {string} what */
function parseHash(text, what) {
  const found = unbase64(text, `${what}: a hash`);
  if (found.length !== 32) throw new Malformed(`${what}: a hash is not 32 bytes in base64`);
  return found;
}

/** @param {Bytes} data */
export function parsePaths(data) {
  const name = `${PROOF}entries.json`;
  const whole = new Fields(readJson(data, name), name, "paths size");
  const paths = whole.rows("paths").map((row) => {
    if (!Array.isArray(row) || row.length > MAX_PATH) throw new Malformed(`${name}: a path is not a list of hashes`);
    return row.map((node) => parseHash(node, name));
  });
  return { paths, size: whole.count("size") };
}

/** @param {Bytes} data @param {string} what */
export function parseConsistency(data, what) {
  const text = decoded(data, what);
  if (text && !text.endsWith("\n")) throw new Malformed(`the last line of ${what} does not end`);
  return text.split("\n").slice(0, -1).map((line) => parseHash(line, what));
}

/** @param {Opening} opening */
export function checkBody({ at, body, kind }) {
  for (const field of NEEDED.get(kind)?.split(" ") ?? []) {
    const [name = "", type] = field.split(":");
    if (typeof (Object.hasOwn(body, name) ? body[name] : null) !== (type === "s" ? "string" : "number")) {
      throw new Malformed(`the entry of kind ${kind} of ${when(at)} has no ${name}`);
    }
  }
}

/** @param {Bytes} data */
export function parseExhibit(data) {
  const what = "exhibit.json";
  const names = "capture captured_at connector first_seen parts posted_at reason software suspected_minor v";
  const whole = new Fields(readJson(data, what), what, names);
  whole.firstVersion();
  if (typeof whole.values.suspected_minor !== "boolean") throw new Malformed(`${what}: suspected_minor is no flag`);
  for (const name of ["connector", "software"]) whole.text(name);
  for (const name of ["first_seen", "posted_at"]) whole.time(name);
  const parts = whole.rows("parts").map((row) => {
    const fields = new Fields(row, `${what}: a part`, "bytes commitment media_type name sha256 what");
    const name = fields.text("name");
    if (!PART.test(name)) throw new Malformed(`${what}: '${name}' is not a part's name`);
    const committed = fields.values.commitment !== null;
    if (committed !== (name.startsWith("sealed/") && !NO_COMMITMENT.includes(name))) {
      throw new Malformed(`${what}: ${name} has a commitment and must not, or has none and must`);
    }
    if (committed) fields.digest("commitment");
    for (const field of ["media_type", "what"]) fields.text(field);
    return { name, size: fields.count("bytes"), sha256: hex(fields.digest("sha256")) };
  });
  mustRise(parts.map((part) => part.name), what);
  return {
    capture: whole.uuid("capture"), capturedAt: whole.time("captured_at"), parts, reason: whole.text("reason"),
  };
}

/** The trust file; CannotCheck for anything else. @param {Bytes} data @returns {Promise<Trust>} */
export async function parseTrust(data) {
  try {
    return await readTrust(data);
  } catch (error) {
    if (error instanceof VerifyError) throw new CannotCheck(`the trust file cannot be used: ${error.message}`);
    throw error;
  }
}

/** @param {Bytes} data @returns {Promise<Trust>} */
async function readTrust(data) {
  const what = "the trust file";
  const whole = new Fields(readJson(data, what), what, "authorities policy timestamps v");
  whole.firstVersion();
  const authorities = whole.rows("authorities").map((row) => {
    const fields = new Fields(row, `${what}: an authority`, "name roots");
    const name = fields.text("name");
    const roots = fields.rows("roots").map((root) => unbase64(root, `a root of ${name}`));
    roots.forEach(parseCertificate);
    if (!roots.length) throw new Malformed(`${name} has no root`);
    return { name, roots };
  });
  const { policy } = whole.values;
  if (typeof policy !== "string") throw new Malformed("its policy is not text");
  const trust = { authorities, policy: await parsePolicy(policy), timestamps: whole.count("timestamps") };
  if (!trust.policy.logs.length) throw new Malformed("its policy names no log");
  for (const list of [authorities.map(({ name }) => name), authorities.flatMap(({ roots }) => roots.map(hex))]) {
    if (new Set(list).size !== list.length) throw new Malformed("it names an authority or a root twice");
  }
  if (trust.timestamps > authorities.length) {
    throw new Malformed(`it asks for ${trust.timestamps} authorities and names ${authorities.length}`);
  }
  return trust;
}

