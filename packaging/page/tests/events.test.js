import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

const page = (path) => new URL(`../../../control/ui/${path}`, import.meta.url);
const source = (path) => readFileSync(page(path), "utf8");
const strings = (text) => [...text.matchAll(/"([a-z]+)"/g)].map(([, kind]) => kind);
const followed = (text) => [...text.matchAll(/this\.follow\(\[([^\]]*)\]/g)].flatMap(([, kinds]) => strings(kinds));
const KINDS = strings(/const KINDS = \[(.*?)\]/.exec(source("live.js"))[1]);
const OWN_KINDS = ["connection"]; // of the page itself
// Read when they are opened: nothing they show is written by the daemon while they are.
const STILL = ["login.js", "setup.js", "logs.js"]; // the log has a stream of its own
const VIEWS = readdirSync(page("views")).filter((name) => !STILL.includes(name));
const PARTS = readdirSync(page("parts"));

for (const name of VIEWS) {
  test(`what ${name} shows is read again when it changes`, () => {
    assert.notDeepEqual(followed(source(`views/${name}`)).filter((kind) => !["reset", ...OWN_KINDS].includes(kind)), []);
  });
}

test("every kind of event that is followed is received", () => {
  const all = [...VIEWS.map((name) => `views/${name}`), ...PARTS.map((name) => `parts/${name}`), "app.js"].flatMap((path) => followed(source(path)));
  assert.deepEqual(all.filter((kind) => ![...KINDS, ...OWN_KINDS].includes(kind)), []);
});
