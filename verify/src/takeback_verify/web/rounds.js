// One round of looks at a removed copy, and what follows from it, as rounds.py.

import { Malformed, NotProven } from "./bytes.js";
import { Fields, readJson } from "./canonical.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {{seen: string, state: string, surface: string, vantage: string, when?: string}} Look */
/** @typedef {{at: string, control: Look[], looks: Look[], required: string[] | null, round: number,
 *   shutOut: string[], target: string}} Round */
/** `finding` is null where the service says that the copy was gone, and the document does not prove it.
 * @typedef {{document: Round, finding: string | null, whyNot: string}} Judged */

const SURFACES = ["media", "message", "thumbnail"];
const VANTAGES = ["admin", "anonymous", "member"];
const STATES = ["absent", "present", "undetermined"];
const MOMENTS = ["after", "before"];
const FIRST = "at control looks round target v";
const LOOK = "seen state surface vantage";
const NEWEST = 2;

/** @param {Bytes} data @param {string} what @returns {Round} */
export function parseRound(data, what) {
  // 1. The fields of one of the two versions.
  const values = readJson(data, what);
  const newest = values?.v === NEWEST;
  const whole = new Fields(values, what, newest ? `${FIRST} required shut_out` : FIRST);
  if (whole.count("v") !== 1 && !newest) {
    throw new Malformed(`${what}: version ${values.v}; only 1 and ${NEWEST} are known`);
  }
  // 2. Looks and control, each in its order.
  const looks = whole.rows("looks").map((row) => parseLook(row, what, LOOK));
  const control = whole.rows("control").map((row) => parseLook(row, what, `${LOOK} when`));
  if (!rises(looks) || !rises(control)) throw new Malformed(`${what} does not list its looks in order`);
  // 3. What had to be proven.
  return {
    at: whole.time("at"),
    control,
    looks,
    required: newest ? words(whole, "required", SURFACES) : null,
    round: whole.count("round"),
    shutOut: newest ? words(whole, "shut_out", VANTAGES) : [],
    target: whole.uuid("target"),
  };
}

/** The looks that prove an absence: the copy was not there, and the control was, before and after.
 * @param {Round} round @returns {Look[]} */
export function proven({ control, looks }) {
  return looks.filter(
    (look) =>
      isState(control, look, "present") &&
      looks.every((twin) => !isSamePlace(twin, look) || twin.state === "absent"),
  );
}

/** The looks that say nothing and do no harm: who looks there may be shown nothing at all.
 * @param {Round} round @returns {Look[]} */
export function shut(round) {
  const surfaces = proven(round).map((look) => look.surface);
  return round.looks.filter(
    (look) =>
      surfaces.includes(look.surface) &&
      round.shutOut.includes(look.vantage) &&
      look.state === "absent" &&
      isState(round.control, look, "absent") &&
      round.control.every((row) => !isSamePlace(row, look) || row.seen === look.seen),
  );
}

/** What a round comes to. @param {Round} round @returns {string} */
export function findingOf(round) {
  const { looks, required } = round;
  if (looks.some((look) => look.state === "present")) return "there";
  const sure = proven(round);
  const certain = [...sure, ...shut(round)];
  if (!required?.length || !looks.length || !looks.every((look) => certain.includes(look))) return "unclear";
  return required.every((surface) => sure.some((look) => look.surface === surface)) ? "gone" : "unclear";
}

/** A round beside what the log says of it. @param {Round} document @param {string} said @returns {Judged} */
export function judge(document, said) {
  const finding = findingOf(document);
  if (said === finding) return { document, finding, whyNot: "" };
  if (document.required === null && finding === "unclear" && said === "gone") {
    const whyNot = document.control.length ? "its record does not say what had to be looked at" : "no control";
    return { document, finding: null, whyNot };
  }
  throw new NotProven(`the log says "${said}", and its looks say "${finding}"`);
}

/** Whether the control was in this state at the look's surface, from its vantage, before and after.
 * @param {Look[]} control @param {Look} look @param {string} state */
function isState(control, look, state) {
  const rows = control.filter((row) => isSamePlace(row, look));
  return rows.every((row) => row.state === state) && MOMENTS.every((when) => rows.some((row) => row.when === when));
}

/** @param {Look} one @param {Look} other */
function isSamePlace(one, other) {
  return one.surface === other.surface && one.vantage === other.vantage;
}

/** @param {any} row @param {string} what @param {string} names @returns {Look} */
function parseLook(row, what, names) {
  const { values } = new Fields(row, `${what}: a look`, names);
  if (typeof values.seen !== "string") throw new Malformed(`${what}: seen is not text`);
  if ("when" in values) word(values.when, MOMENTS, what, "when");
  word(values.state, STATES, what, "state");
  word(values.surface, SURFACES, what, "surface");
  word(values.vantage, VANTAGES, what, "vantage");
  return values;
}

/** @param {any} value @param {string[]} known @param {string} what @param {string} kind */
function word(value, known, what, kind) {
  if (!known.includes(value)) throw new Malformed(`${what}: ${JSON.stringify(value)} is no ${kind}`);
}

/** @param {Fields} whole @param {string} name @param {string[]} known @returns {string[]} */
function words(whole, name, known) {
  const found = whole.rows(name);
  found.forEach((each) => word(each, known, whole.what, name));
  if (found.some((each, n) => n > 0 && each <= found[n - 1])) {
    throw new Malformed(`${whole.what} does not list ${name} in order, each once`);
  }
  return found;
}

/** Whether looks are in order: before, then after; then by surface, vantage, state and answer. @param {Look[]} looks */
function rises(looks) {
  return looks.every((look, n) => n === 0 || compare(order(/** @type {Look} */ (looks[n - 1])), order(look)) <= 0);
}

/** @param {Look} look */
function order({ seen, state, surface, vantage, when }) {
  return [when === "after" ? "1" : "0", surface, vantage, state, seen];
}

/** @param {string[]} one @param {string[]} other @returns {number} */
function compare(one, other) {
  const n = one.findIndex((part, place) => part !== other[place]);
  return n < 0 ? 0 : byCodePoint(one[n] ?? "", other[n] ?? "");
}

/** JavaScript compares halves of surrogate pairs, Python code points. @param {string} one @param {string} other */
function byCodePoint(one, other) {
  const [left, right] = [Array.from(one), Array.from(other)];
  const n = left.findIndex((letter, place) => letter !== right[place]);
  if (n < 0) return left.length - right.length;
  return (left[n]?.codePointAt(0) ?? -1) - (right[n]?.codePointAt(0) ?? -1);
}
