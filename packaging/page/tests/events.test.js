import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

const page = (path) => new URL(`../../../control/ui/${path}`, import.meta.url);
const source = (path) => readFileSync(page(path), "utf8");
const strings = (text) => [...text.matchAll(/"([a-z]+)"/g)].map(([, kind]) => kind);
const followed = (text) => [...text.matchAll(/this\.follow\(\[([^\]]*)\]/g)].flatMap(([, kinds]) => strings(kinds));
const KINDS = strings(/const KINDS = \[(.*?)\]/.exec(source("live.js"))[1]);

/** By view, the kinds of events that say that what it shows is another now. A new view needs its line. */
const SHOWS = {
  "about.js": ["update"],
  "activity.js": ["decision", "comparison"],
  "comparison.js": ["comparison"],
  "config.js": ["config"],
  "libraries.js": ["libraries", "decision"],
  "login.js": [], // what it offers is read when it is opened
  "logs.js": [], // the log has a stream of its own
  "orphans.js": ["orphans", "inbox"],
  "overview.js": ["decision"], // its parts follow for themselves
  "plan.js": ["process"],
  "room.js": ["process", "config"],
  "setup.js": [], // it shows what is typed
  "torrents.js": ["qbittorrent", "decision"],
};

test("every view has its line", () => {
  assert.deepEqual(readdirSync(page("views")), Object.keys(SHOWS));
});

for (const [name, kinds] of Object.entries(SHOWS)) {
  test(`${name} follows what changes it`, () => {
    const all = followed(source(`views/${name}`));
    assert.deepEqual(kinds.filter((kind) => !all.includes(kind)), []);
  });
}

test("every kind of event that is followed is received", () => {
  const files = [...["views", "parts"].flatMap((folder) => readdirSync(page(folder)).map((name) => `${folder}/${name}`)), "app.js"];
  const all = files.flatMap((path) => followed(source(path)));
  const ofTheStream = ["connection", "refused"];
  assert.deepEqual(all.filter((kind) => ![...ofTheStream, ...KINDS].includes(kind)), []);
});
