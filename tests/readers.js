// Run by tests/readers.py: what the page's own code says of many packages, without a browser.
// In: lines of JSON, {zip} or {folder: {name: base64}}, base64, after a first line with the page's folder and trust.
// Out: a line of JSON for each.

import { readFileSync } from "node:fs";

const [first, ...lines] = readFileSync(0, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
const { openPackage } = await import(`${first.web}/container.js`);
const { hex } = await import(`${first.web}/bytes.js`);
const { parseTrust } = await import(`${first.web}/documents.js`);
const { directoryOf, localHeader } = await import(`${first.web}/zipform.js`);
const { verify } = await import(`${first.web}/verdict.js`);
const trust = first.trust ? await parseTrust(new Uint8Array(Buffer.from(first.trust, "base64"))) : null;

function sourceOf({ zip, folder, name }) {
  if (zip !== undefined) return new Blob([Buffer.from(zip, "base64")]);
  const files = Object.entries(folder).map(([path, data]) => [path, new Blob([Buffer.from(data, "base64")])]);
  return { name, files: new Map(files) };
}

async function contents(source) {
  try {
    const opened = await openPackage(source);
    await opened.checkContents();
    const files = {};
    for (const name of opened.names()) files[name] = hex(await opened.digest(name));
    return { files, wrapping: opened.wrapping, foreign: [...opened.foreign.keys()].sort() };
  } catch (error) {
    if (error instanceof Error && "constructor" in error) return { refused: error.message };
    throw error;
  }
}

for (const line of lines) {
  if (line.form) { // the tables of a zip whose directory lies at a place
    const tables = [...line.form.entries.map(localHeader), directoryOf(line.form.entries, line.form.at)];
    console.log(JSON.stringify(tables.map((table) => Buffer.from(table).toString("base64"))));
    continue;
  }
  const source = sourceOf(line);
  console.log(JSON.stringify(trust ? await verify(source, trust) : await contents(source)));
}
