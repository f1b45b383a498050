// RFC 3161 timestamps (in CMS, RFC 5652) and the certificates that they rest on (RFC 5280), by WebCrypto.
// A chain may only end in a root of the trust file; what a timestamp brings along can fill it, never end it.

import { CannotCheck, Malformed, NotProven, digestOf, hex, joinedBytes, same } from "./bytes.js";
import { BITS, BOOLEAN, INTEGER, OCTETS, SEQUENCE, SET, explicit, readDer } from "./der.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./der.js").Element} Element */
/** @typedef {{der: Bytes, tbs: Bytes, serial: Bytes, issuer: Bytes, subject: Bytes, from: number, until: number,
 *   key: Element, algorithm: string, signature: Bytes, extensions: Map<string, {critical: boolean, value: Bytes}>
 * }} Certificate */

const HASHES = new Map([
  ["2.16.840.1.101.3.4.2.1", "SHA-256"],
  ["2.16.840.1.101.3.4.2.2", "SHA-384"],
  ["2.16.840.1.101.3.4.2.3", "SHA-512"],
]);
const CURVES = new Map([
  ["1.2.840.10045.3.1.7", "P-256"],
  ["1.3.132.0.34", "P-384"],
  ["1.3.132.0.35", "P-521"],
]);
/** Hash of a signature algorithm; of plain RSA the hash is named beside it. */
const SIGNATURES = new Map([
  ["1.2.840.113549.1.1.11", "SHA-256"],
  ["1.2.840.113549.1.1.12", "SHA-384"],
  ["1.2.840.113549.1.1.13", "SHA-512"],
  ["1.2.840.10045.4.3.2", "SHA-256"],
  ["1.2.840.10045.4.3.3", "SHA-384"],
  ["1.2.840.10045.4.3.4", "SHA-512"],
]);
const RSA = "1.2.840.113549.1.1.1";
const RSA_PSS = "1.2.840.113549.1.1.10";
const EC = "1.2.840.10045.2.1";
const SIGNED_DATA = "1.2.840.113549.1.7.2";
const TST_INFO = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
const KEY_USAGE = "2.5.29.15";
const BASIC_CONSTRAINTS = "2.5.29.19";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
const UNDERSTOOD = new Set([KEY_USAGE, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE]);
const MAX_RESPONSE = 65_536;
const MAX_CHAIN = 8;
const UNSIGNED = "the timestamp says something that is not signed";
/** Granted; and what some authorities say with it, "Operation Okay". */
const STATUS = new Set(["020100", "02010030100c0e4f7065726174696f6e204f6b6179"]);
/** Version, hashes, content, perhaps certificates, signers. */
const PARTS = new Set([[INTEGER, SET, SEQUENCE, SET].join(), [INTEGER, SET, SEQUENCE, 0xa0, SET].join()]);

/** @param {Element[]} list @param {number} n @returns {Element} */
function at(list, n) {
  const element = list[n];
  if (!element) throw new Malformed("a timestamp or certificate is not built as it should be");
  return element;
}

/** @param {Element} algorithm */
function oidOf(algorithm) {
  return at(algorithm.inside(SEQUENCE), 0).oid();
}

/** @param {string} oid @returns {string} */
function hashOf(oid) {
  const name = HASHES.get(oid);
  if (!name) throw new NotProven(`the timestamp uses the hash ${oid}, which is not accepted`);
  return name;
}

/** When an authority saw the text, in milliseconds since 1970.
 * @param {Bytes} response @param {Bytes} text @param {Bytes[]} roots @returns {Promise<number>} */
export async function verifyStamp(response, text, roots) {
  if (response.length > MAX_RESPONSE) throw new Malformed("a timestamp is too long");
  // 1. A granted response with a signed TSTInfo (RFC 3161, 2.4.2).
  const [status, token, ...more] = readDer(response).inside(SEQUENCE);
  if (!status || at(status.inside(SEQUENCE), 0).integer() !== 0 || !token) {
    throw new NotProven("the authority did not grant the timestamp");
  }
  if (more.length || !STATUS.has(hex(status.content))) throw new Malformed(UNSIGNED);
  const [type, wrapped] = token.inside(SEQUENCE);
  if (!type || !wrapped || type.oid() !== SIGNED_DATA) throw new Malformed("a timestamp is not signed data");
  const signed = at(wrapped.inside(explicit(0)), 0).inside(SEQUENCE);
  const tags = signed.map(({ tag }) => tag).join();
  if (at(signed, 0).integer() !== 3 || !PARTS.has(tags)) throw new Malformed(UNSIGNED);
  const [contentType, content] = at(signed, 2).inside(SEQUENCE);
  if (!contentType || !content || contentType.oid() !== TST_INFO) throw new Malformed("a timestamp has no TSTInfo");
  const info = at(content.inside(explicit(0)), 0).must(OCTETS).content;
  // 2. Over this text.
  const fields = readDer(info).inside(SEQUENCE);
  const imprint = at(fields, 2).inside(SEQUENCE);
  const hash = hashOf(oidOf(at(imprint, 0)));
  if (!same(at(imprint, 1).must(OCTETS).content, await digestOf(text, hash))) {
    throw new NotProven("the timestamp is over another text");
  }
  const moment = at(fields, 4).time();
  // 3. Signed by exactly one, whose certificate is there.
  const embedded = signed.filter((e) => e.tag === explicit(0)).flatMap((e) => e.inside(explicit(0)));
  const certificates = embedded.map((element) => parseCertificate(element.whole));
  const signers = at(signed, signed.length - 1).inside(SET);
  if (signers.length !== 1) throw new NotProven("a timestamp is signed by exactly one");
  const signer = await verifySigner(at(signers, 0).inside(SEQUENCE), info, certificates);
  // 4. For timestamps only, and under one of the roots, at that time.
  checkPurpose(signer);
  await verifyChain(signer, certificates, roots.map(parseCertificate), moment);
  return moment;
}

/** The certificate whose key signed (RFC 5652, 5.4). @param {Element[]} signer @param {Bytes} info
 * @param {Certificate[]} certificates @returns {Promise<Certificate>} */
async function verifySigner(signer, info, certificates) {
  const [version, id, digestAlgorithm, attributes, algorithm, signature] = signer;
  if (!version || !id || !digestAlgorithm || !attributes || !algorithm || !signature) {
    throw new Malformed("a timestamp's signature is not built as it should be");
  }
  const [issuer, serial] = id.inside(SEQUENCE);
  const found = certificates.find(
    (one) => issuer && serial && same(one.issuer, issuer.whole) && same(one.serial, serial.content),
  );
  if (!found) throw new NotProven("the timestamp does not bring its signer's certificate");
  const hash = hashOf(oidOf(digestAlgorithm));
  const values = new Map(
    attributes.inside(explicit(0)).map((attribute) => {
      const [name, set] = attribute.inside(SEQUENCE);
      if (!name || !set) throw new Malformed("an attribute is not built as it should be");
      return [name.oid(), at(set.inside(SET), 0)];
    }),
  );
  if (values.get(CONTENT_TYPE)?.oid() !== TST_INFO) throw new NotProven("the signature is over something else");
  const digest = values.get(MESSAGE_DIGEST)?.content;
  if (!digest || !same(digest, await digestOf(info, hash))) {
    throw new NotProven("the timestamp's content is not what was signed");
  }
  await checkSigningCertificate(values, found);
  const bytes = joinedBytes(Uint8Array.of(SET), attributes.whole.slice(1));
  const named = oidOf(algorithm);
  // What is not signed has the one value that it can have, as in stamp_form.py.
  const fits = named === RSA || named === RSA_PSS || SIGNATURES.get(named) === hash;
  if (version.integer() !== 1 || signer.length !== 6 || !fits) throw new Malformed(UNSIGNED);
  const over = named === RSA ? hash : SIGNATURES.get(named);
  await verifyBytes(found, over, signature.must(OCTETS).content, bytes);
  return found;
}

/** RFC 5816 and RFC 2634: the signature names its own certificate. @param {Map<string, Element>} values
 * @param {Certificate} certificate */
async function checkSigningCertificate(values, certificate) {
  const second = values.get(SIGNING_CERTIFICATE_V2);
  const chosen = second ?? values.get(SIGNING_CERTIFICATE);
  if (!chosen) throw new NotProven("the timestamp does not name its signer's certificate");
  const fields = at(at(chosen.inside(SEQUENCE), 0).inside(SEQUENCE), 0).inside(SEQUENCE);
  const named = at(fields, 0).tag === SEQUENCE ? hashOf(oidOf(at(fields, 0))) : second ? "SHA-256" : "SHA-1";
  const digest = at(fields, at(fields, 0).tag === SEQUENCE ? 1 : 0).must(OCTETS).content;
  if (!same(digest, await digestOf(certificate.der, named))) {
    throw new NotProven("the timestamp names another signer's certificate");
  }
}

/** RFC 3161, 2.3: its only purpose is timestamps, and that is critical. @param {Certificate} certificate */
function checkPurpose(certificate) {
  const usage = certificate.extensions.get(EXTENDED_KEY_USAGE);
  const purposes = usage ? readDer(usage.value).inside(SEQUENCE).map((purpose) => purpose.oid()) : [];
  if (!usage?.critical || purposes.length !== 1 || purposes[0] !== TIME_STAMPING) {
    throw new NotProven("the signer's certificate is not for timestamps");
  }
}

/** RFC 5280, 6, as far as timestamp authorities need it. @param {Certificate} leaf
 * @param {Certificate[]} between @param {Certificate[]} roots @param {number} moment */
async function verifyChain(leaf, between, roots, moment) {
  let current = leaf;
  for (let depth = 0; depth < MAX_CHAIN; depth++) {
    if (moment < current.from || moment > current.until) {
      throw new NotProven("a certificate of the timestamp was not valid at that time");
    }
    for (const [name, extension] of current.extensions) {
      if (extension.critical && !UNDERSTOOD.has(name)) {
        throw new NotProven(`a certificate has the critical extension ${name}, which is not understood`);
      }
    }
    if (roots.some((root) => same(root.der, current.der))) return;
    const next = await issuerOf(current, roots, depth) ?? (await issuerOf(current, between, depth));
    if (!next) break;
    current = next;
  }
  throw new NotProven("the timestamp's chain does not end in a root of the trust file");
}

/** @param {Certificate} certificate @param {Certificate[]} from @param {number} depth */
async function issuerOf(certificate, from, depth) {
  for (const candidate of from) {
    if (!same(candidate.subject, certificate.issuer) || same(candidate.der, certificate.der)) continue;
    if (!maySign(candidate, depth)) continue;
    try {
      await verifyBytes(candidate, SIGNATURES.get(certificate.algorithm), certificate.signature, certificate.tbs);
      return candidate;
    } catch (error) {
      if (error instanceof CannotCheck) throw error;
    }
  }
  return null;
}

/** Whether a certificate may sign others, with so many below it. @param {Certificate} certificate
 * @param {number} below */
function maySign(certificate, below) {
  const constraints = certificate.extensions.get(BASIC_CONSTRAINTS);
  if (!constraints) return false;
  const [authority, longest] = readDer(constraints.value).inside(SEQUENCE);
  if (authority?.tag !== BOOLEAN || authority.content[0] !== 0xff) return false;
  if (longest && longest.integer() < below) return false;
  const usage = certificate.extensions.get(KEY_USAGE);
  return !usage || Boolean((readDer(usage.value).must(BITS).content[1] ?? 0) & 0x04);
}

/** @param {Certificate} certificate @param {string | undefined} hash @param {Bytes} signature @param {Bytes} bytes */
async function verifyBytes(certificate, hash, signature, bytes) {
  const [algorithm] = certificate.key.inside(SEQUENCE);
  const [name, parameter] = algorithm ? algorithm.inside(SEQUENCE) : [];
  if (!hash || !name) throw new CannotCheck("a timestamp is signed in a way that a browser cannot check");
  const spki = certificate.key.whole;
  let key;
  let how;
  let raw = signature;
  if (name.oid() === RSA) {
    how = { name: "RSASSA-PKCS1-v1_5", hash };
    key = await crypto.subtle.importKey("spki", spki, how, false, ["verify"]);
  } else if (name.oid() === EC && parameter) {
    const curve = CURVES.get(parameter.oid());
    if (!curve) throw new CannotCheck("a timestamp is signed on a curve that a browser does not know");
    how = { name: "ECDSA", hash };
    key = await crypto.subtle.importKey("spki", spki, { name: "ECDSA", namedCurve: curve }, false, ["verify"]);
    raw = rawSignature(signature, curve === "P-256" ? 32 : curve === "P-384" ? 48 : 66);
  } else {
    throw new CannotCheck("a timestamp is signed in a way that a browser cannot check");
  }
  if (!(await crypto.subtle.verify(how, key, raw, bytes))) throw new NotProven("the timestamp's signature is wrong");
}

/** WebCrypto takes r and s side by side. @param {Bytes} der @param {number} size @returns {Bytes} */
function rawSignature(der, size) {
  const numbers = readDer(der).inside(SEQUENCE).map((number) => {
    let bytes = number.must(INTEGER).content;
    while (bytes.length > size && bytes[0] === 0) bytes = bytes.slice(1);
    if (bytes.length > size) throw new NotProven("the timestamp's signature is wrong");
    return joinedBytes(new Uint8Array(size - bytes.length), bytes);
  });
  return joinedBytes(...numbers);
}

/** @param {Bytes} der @returns {Certificate} */
export function parseCertificate(der) {
  const [tbs, algorithm, signature] = readDer(der).inside(SEQUENCE);
  if (!tbs || !algorithm || !signature) throw new Malformed("a certificate is not built as it should be");
  const fields = tbs.inside(SEQUENCE);
  const first = at(fields, 0).tag === explicit(0) ? 1 : 0;
  const [from, until] = at(fields, first + 3).inside(SEQUENCE);
  if (!from || !until) throw new Malformed("a certificate has no validity");
  const extensions = fields.filter((e) => e.tag === explicit(3)).flatMap((e) => at(e.inside(explicit(3)), 0).inside(SEQUENCE));
  /** @type {Certificate["extensions"]} */
  const found = new Map();
  for (const extension of extensions) {
    const parts = extension.inside(SEQUENCE);
    const critical = at(parts, 1).tag === BOOLEAN && at(parts, 1).content[0] === 0xff;
    found.set(at(parts, 0).oid(), { critical, value: at(parts, parts.length - 1).must(OCTETS).content });
  }
  return {
    der,
    tbs: tbs.whole,
    serial: at(fields, first).content,
    issuer: at(fields, first + 2).whole,
    subject: at(fields, first + 4).whole,
    from: from.time(),
    until: until.time(),
    key: at(fields, first + 5),
    algorithm: oidOf(algorithm),
    signature: signature.bits(),
    extensions: found,
  };
}

