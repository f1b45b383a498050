// Whom one trusts to sign a log (C2SP tlog-policy), as policy.py reads it.

import { CannotCheck, Malformed, NotProven, UnknownLog, base64, encoded, hex } from "./bytes.js";
import { ED25519, ML_DSA_44, isNamed, parseCheckpoint, parseKey, verifySignature } from "./note.js";

/** @typedef {import("./note.js").Key} Key */
/** @typedef {import("./note.js").Note} Note */
/** @typedef {{logs: Key[], witnesses: {name: string, key: Key}[],
 *   groups: {name: string, needed: number, members: string[]}[], quorum: string}} Policy */

/** @param {string} text @returns {Promise<Policy>} */
export async function parsePolicy(text) {
  if (!text.endsWith("\n") || /[\x00-\x08\x0b-\x1f\x7f]/.test(text)) {
    throw new Malformed("a policy's lines end with newlines and have no other control characters");
  }
  /** @type {Policy} */
  const policy = { logs: [], witnesses: [], groups: [], quorum: "" };
  const defined = new Set();
  const used = new Set();
  /** @param {string} name */
  const define = (name) => {
    if (name === "none" || defined.has(name)) throw new Malformed(`the name '${name}' is taken`);
    defined.add(name);
  };
  for (const line of text.slice(0, -1).split("\n")) {
    const words = line.split(/[ \t]+/).filter(Boolean);
    const [kind, one, two, ...rest] = words;
    if (!kind || kind.startsWith("#")) continue;
    if (kind === "log" && one && words.length <= 3) {
      policy.logs.push(await parseKey(one, [ED25519, ML_DSA_44]));
    } else if (kind === "witness" && one && two && words.length <= 4) {
      define(one);
      policy.witnesses.push({ name: one, key: await parseKey(two, [4, 6]) });
    } else if (kind === "group" && one && two && rest.length) {
      for (const member of rest) {
        if (!defined.has(member) || used.has(member)) {
          throw new Malformed(`group '${one}': '${member}' is not defined before, or used twice`);
        }
        used.add(member);
      }
      const needed = two === "any" ? 1 : two === "all" ? rest.length : /^[1-9]\d{0,5}$/.test(two) ? Number(two) : 0;
      if (needed < 1 || needed > rest.length) throw new Malformed(`group '${one}' needs ${two} of ${rest.length}`);
      define(one);
      policy.groups.push({ name: one, needed, members: rest });
    } else if (kind === "quorum" && one && words.length === 2 && !policy.quorum) {
      if (one !== "none" && !defined.has(one)) throw new Malformed(`'${one}' is not defined on a line before it`);
      policy.quorum = one;
    } else {
      throw new Malformed(`'${kind}' is not the start of a line that can stand here`);
    }
  }
  if (!policy.quorum) throw new Malformed("a policy has exactly one quorum line");
  for (const keys of [policy.logs, policy.witnesses.map((witness) => witness.key)]) {
    if (new Set(keys.map((key) => base64(key.public))).size !== keys.length) {
      throw new Malformed("one key is listed twice, if under another name");
    }
  }
  return policy;
}

/** A checkpoint that its log signed with at least one of its keys. @param {Policy} policy @param {Note} note */
export async function openOfLog(policy, note) {
  const checkpoint = parseCheckpoint(note.text);
  const keys = policy.logs.filter((key) => key.name === checkpoint.origin);
  if (!keys.length) {
    throw new UnknownLog(`a checkpoint of '${checkpoint.origin}', which the policy does not know`);
  }
  const signed = keys.filter((key) => isNamed(note, key));
  if (!signed.some((key) => key.type === ED25519)) {
    throw new NotProven(`the checkpoint is signed by no key of '${checkpoint.origin}' that can be checked`);
  }
  for (const key of signed) await verifySignature(note, key);
  return { checkpoint, keys, signed };
}

/** The checkpoint in a note that the policy accepts. @param {Policy} policy @param {Note} note */
export async function accept(policy, note) {
  // 1. Signed by the log, with a key of each type that the policy lists for it.
  const { checkpoint, keys, signed } = await openOfLog(policy, note);
  for (const { type } of keys) {
    if (!signed.some((key) => key.type === type)) {
      throw new NotProven(`the checkpoint lacks the log's signature of type ${type}`);
    }
  }
  // 2. Cosigned by these witnesses.
  /** @type {[string, number][]} */
  const times = [];
  const unchecked = [];
  for (const { name, key } of policy.witnesses) {
    if (!isNamed(note, key)) continue;
    const seconds = await verifySignature(note, key);
    if (seconds === 0) throw new NotProven(`witness ${name} did not say when`);
    if (seconds === null) unchecked.push(name);
    else times.push([name, seconds]);
  }
  // 3. By enough of them.
  const names = times.map(([name]) => name);
  if (!reaches(policy, names)) {
    if (reaches(policy, [...names, ...unchecked])) {
      throw new CannotCheck("the quorum rests on ML-DSA-44 signatures, which a browser cannot check");
    }
    const who = names.join(", ") || "nobody";
    throw new NotProven(`the quorum '${policy.quorum}' of witnesses is not reached: ${who} cosigned`);
  }
  return { checkpoint, times, notChecked: signed.some((key) => key.type === ML_DSA_44) };
}

/** Check every signature line of a note that the policy's log signed, as strict_note.py does.
 * @param {Policy} policy @param {Note} note */
export async function checkLines(policy, note) {
  // 1. The log's own signatures.
  const { checkpoint, keys } = await openOfLog(policy, note);
  // 2. Each line by somebody who is known, once, and in order: the log's by type, the witnesses' by name and id.
  const witnesses = policy.witnesses.map(({ key }) => key);
  /** @type {Map<string, string>} */
  const places = new Map();
  for (const key of witnesses) places.set(lineOf(key), `1 0 ${lineOf(key)}`);
  for (const key of keys) places.set(lineOf(key), `0 ${key.type} ${lineOf(key)}`);
  const order = note.signatures.map((line) => {
    const place = places.get(lineOf(line));
    if (place === undefined) {
      throw new NotProven(
        `a checkpoint carries a signature by ${line.name}, whom the trust file does not name ` +
          "(if the trust file is older than the package, there may be a newer one)",
      );
    }
    return place;
  });
  if (order.join() !== [...new Set(order)].sort().join()) {
    throw new NotProven("the signatures of a checkpoint are not in their order, each once");
  }
  if (!order[0]?.startsWith(`0 ${ED25519} `)) {
    throw new NotProven(`the log ${checkpoint.origin} did not sign the whole checkpoint, with Ed25519`);
  }
  // 3. The witnesses' signatures, also where nobody asks for them.
  for (const key of witnesses) if (isNamed(note, key)) await verifySignature(note, key);
}

/** Whose line it is; as text that sorts by name and id. @param {{name: string, id: Uint8Array<ArrayBuffer>}} line */
function lineOf({ name, id }) {
  return `${hex(encoded(name))} ${hex(id)}`;
}

/** @param {Policy} policy @param {string[]} names */
function reaches(policy, names) {
  const reached = new Set([...names, "none"]);
  for (const { name, needed, members } of policy.groups) {
    if (members.filter((member) => reached.has(member)).length >= needed) reached.add(name);
  }
  return reached.has(policy.quorum);
}
