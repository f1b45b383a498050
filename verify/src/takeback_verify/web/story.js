// What the proven entries tell, in the sentences of story.py.

import { capital, clock, count, day, listed, small, spelt, when } from "./bytes.js";
import { proven, shut } from "./rounds.js";

/** @typedef {import("./documents.js").Placed} Placed */
/** @typedef {import("./documents.js").Opening} Opening */
/** @typedef {import("./rounds.js").Judged} Judged */
/** @typedef {import("./rounds.js").Look} Look */
/** @typedef {{size: number, stamps: {authority: string, at: number, file: string, sha256: string}[], by: number}} Anchor */

const VERDICTS = new Map([
  ["shared_without_consent", "shared without consent"],
  ["not_shared_without_consent", "not shared without consent"],
  ["cannot_tell", "cannot tell"],
  ["out_of_reach", "nothing can be done there"],
]);
const STEPS = new Map([
  ["done", "the platform confirmed a step of removing"],
  ["already", "a step was found done already, and nothing was done, in removing"],
  ["not_offered", "the platform did not offer a step, and nothing was done, in removing"],
  ["untold", "a step ended, done or not offered by the platform, in removing"],
]);
const REASONS = new Map([
  ["match", "because it matched a reported picture"],
  ["investigation", "because everything in its place was being captured"],
]);
const SEEN = new Map([
  ["event", "the platform announced it"],
  ["poll", "the platform was asked for it"],
]);
const SEEN_BY = new Map([
  ["admin", "as an administrator"],
  ["anonymous", "without an account"],
  ["member", "as a member"],
]);
/** Why a record of "gone" without a round beside it proves nothing. */
const NO_ROUND = "no control";

/** How the story calls messages, captures and targets, and what their rounds came to. */
class Names {
  /** @type {Map<any, any>} */ #captures = new Map();
  /** @type {Map<any, any>} */ #targets = new Map();
  /** @type {Map<any, string>} */ #messages = new Map();

  /** @type {Map<string, Judged>} */ #rounds = new Map();

  /** @param {Placed[]} entries @param {Map<string, Judged>} rounds */
  constructor(entries, rounds) {
    for (const { opening: { kind, body } } of entries) {
      const round = kind === "rechecked" ? rounds.get(body.series) : undefined;
      if (round) this.#rounds.set(JSON.stringify([body.target, body.round]), round);
      if (kind === "captured") this.#captures.set(body.capture, body.sighting);
      if (kind === "removal_planned") this.#targets.set(body.target, body.sighting);
    }
    for (const sighting of this.#captures.values()) {
      if (!this.#messages.has(sighting)) this.#messages.set(sighting, `message ${this.#messages.size + 1}`);
    }
  }

  /** @param {any} sighting @returns {string} */
  message(sighting) {
    return this.#messages.get(sighting) ?? "another message of the case";
  }

  /** @param {any} capture */
  captured(capture) {
    return this.message(this.#captures.get(capture));
  }

  /** @param {any} target */
  target(target) {
    return this.message(this.#targets.get(target));
  }

  /** The round that an entry speaks of. @param {Opening} fact @returns {Judged | undefined} */
  round({ body }) {
    return this.#rounds.get(JSON.stringify([body.target, body.round]));
  }
}

/** @type {Map<string, (fact: Opening, names: Names) => string>} */
const SENTENCES = new Map(
  /** @type {[string, (fact: Opening, names: Names) => string][]} */ ([
    ["captured", ({ at, body }, names) => {
      const reason = REASONS.get(body.reason) ?? `for the reason ${body.reason}`;
      const name = capital(names.message(body.sighting));
      return `${name} was captured on ${when(at)}, ${reason} (exhibit ${body.capture})`;
    }],
    ["deletion_observed", ({ at, body }, names) => {
      const name = capital(names.captured(body.capture));
      return `${name} was seen to be deleted by others on ${when(at)} (${SEEN.get(body.by) ?? body.by})`;
    }],
    ["decided", ({ at, body }) =>
      `On ${when(at)} a reviewer decided: ${VERDICTS.get(body.verdict) ?? body.verdict}`],
    ["decision_undone", ({ at }) => `On ${when(at)} a decision was taken back before it took effect`],
    ["decision_effective", ({ at, body }) =>
      `On ${when(at)} the decision took effect: ${VERDICTS.get(body.verdict) ?? body.verdict}`],
    ["removal_step_done", ({ at, body }, names) => {
      const how = body.how ?? "untold";
      const ended = STEPS.get(how) ?? `a step ended as ${how} in removing`;
      return `On ${when(at)} ${ended} ${names.target(body.target)}: ${body.action}`;
    }],
    ["found_gone", (fact, names) => {
      const name = capital(names.target(fact.body.target));
      const round = names.round(fact);
      if (round?.finding === "gone") return `${name} was looked for on ${when(fact.at)} and found to be gone`;
      const why = round?.whyNot ?? NO_ROUND;
      return `${name} was removed on ${when(fact.at)}, says the service; that it was gone is not proven: ${why}`;
    }],
    ["found_again", ({ at, body }, names) =>
      `${capital(names.target(body.target))} was looked for on ${when(at)} and found to be there again`],
    ["rechecked", (fact, names) => {
      const round = names.round(fact);
      const looked = `${capital(names.target(fact.body.target))} was looked for on ${when(fact.at)}`;
      if (!round || round.finding === null) {
        const why = round?.whyNot ?? NO_ROUND;
        return `${looked} and was not there, says the service; that is not proven: ${why}`;
      }
      const { document, finding } = round;
      if (finding === "gone") {
        const closed = [...new Set(shut(document).map((look) => SEEN_BY.get(look.vantage) ?? ""))].sort();
        const nothing = closed.length ? `; ${listed(closed)} nothing is shown, not even the control` : "";
        return `${looked} and was gone: ${places(proven(document))}, each between two looks at a control${nothing}`;
      }
      if (finding === "there") {
        const seen = document.looks.filter((look) => look.state === "present");
        return `${looked} and was there: ${places(seen)}`;
      }
      return `${looked}, which showed nothing certain`;
    }],
    ["evidence_erased", ({ at, body }, names) =>
      `On ${when(at)} the sealed parts of ${names.captured(body.capture)} were destroyed (exhibit ${body.capture})`],
  ]),
);

/** Such as "media (as a member) and message (as an administrator, as a member)". @param {Look[]} looks */
function places(looks) {
  /** @type {Map<string, Set<string>>} */
  const surfaces = new Map();
  for (const { surface, vantage } of looks) {
    surfaces.set(surface, (surfaces.get(surface) ?? new Set()).add(SEEN_BY.get(vantage) ?? ""));
  }
  return listed([...surfaces].map(([surface, by]) => `${surface} (${[...by].join(", ")})`));
}

/** @param {Placed[]} entries @param {Anchor[]} anchors @param {Map<string, Judged>} rounds by the hash in
 * their entries @returns {string[]} */
export function tell(entries, anchors, rounds) {
  const names = new Names(entries, rounds);
  const lines = entries.flatMap((placed) => {
    const sentence = SENTENCES.get(placed.opening.kind);
    return sentence ? [sentence(placed.opening, names) + bound(placed, anchors)] : [];
  });
  return [...lines, ...absences(entries, names), ...heartbeats(entries), ...others(entries)];
}

/** @param {Anchor} anchor */
export function authoritiesOf(anchor) {
  return [...new Set(anchor.stamps.map((stamp) => stamp.authority))].sort();
}

/** @param {Placed} placed @param {Anchor[]} anchors */
function bound({ index, opening }, anchors) {
  const above = anchors.filter((anchor) => index < anchor.size);
  const [best] = above.sort((one, other) => one.by - other.by || one.size - other.size);
  if (!best) return "; no timestamp covers this record, so only the log itself says when it was made.";
  const by = spelt(best.by);
  const number = authoritiesOf(best).length;
  const who = number === 1 ? "an independent authority" : `${small(number)} independent authorities`;
  const said = day(by) === day(opening.at) ? clock(by) : when(by);
  return `; this was recorded before ${said}, which ${who} signed.`;
}

/** @param {Placed[]} entries @param {Names} names */
function absences(entries, names) {
  /** @type {Map<string, {since: string | null, last: string}>} */
  const targets = new Map();
  for (const { opening } of entries) {
    const { at, body, kind } = opening;
    if (!["found_again", "rechecked"].includes(kind)) continue;
    const finding = kind === "found_again" ? "there" : names.round(opening)?.finding;
    const known = targets.get(body.target);
    if (finding === "there") targets.set(body.target, { since: null, last: at });
    else if (finding === "gone") targets.set(body.target, { since: known?.since ?? at, last: at });
  }
  return [...targets].flatMap(([target, { since, last }]) => {
    const name = capital(names.target(target));
    return since === null
      ? []
      : [`${name} was absent from ${when(since)} on, each time it was looked for until ${when(last)}.`];
  });
}

/** @param {Placed[]} entries */
function heartbeats(entries) {
  const beats = entries.filter(({ opening }) => opening.kind === "watched").map(({ opening }) => opening.body);
  if (!beats.length) return [];
  const gap = beats.reduce((sum, body) => sum + body.gap_ms, 0) / 1000;
  const times = (/** @type {string} */ name) => beats.map((body) => String(body[name])).sort();
  const said = gap.toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return [
    `Between ${when(times("since")[0] ?? "")} and ${when(times("until").at(-1) ?? "")}, watching was recorded by ` +
      `${count(beats.length, "heartbeat")}, with gaps of ${said} seconds in all.`,
  ];
}

/** @param {Placed[]} entries */
function others(entries) {
  /** @type {Map<string, number>} */
  const kinds = new Map();
  for (const { opening: { kind } } of entries) {
    if (!SENTENCES.has(kind) && kind !== "watched") kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  if (!kinds.size) return [];
  const said = [...kinds].sort().map(([kind, number]) => `${kind} (${number.toLocaleString("en-US")})`);
  return [`Also proven, and to be read in data/entries.jsonl: ${listed(said)}.`];
}
