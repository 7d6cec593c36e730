import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import * as sentences from "../../../control/ui/sentences.js";
import { named, t, useLanguage } from "../../../control/ui/words.js";
import { GERMAN } from "../../../control/ui/words/de.js";
import { ENGLISH } from "../../../control/ui/words/en.js";

const FOLDER = new URL("../../../control/ui/", import.meta.url);
const scripts = readdirSync(FOLDER, { recursive: true }).filter((name) => name.endsWith(".js") && !/vendor|words/.test(name));
const source = scripts.map((name) => readFileSync(new URL(name, FOLDER), "utf8")).join("\n");

test("every word that is asked for is there", () => {
  const asked = [...source.matchAll(/\bt\("([^"]+)"/g)].map(([, key]) => key);
  assert.ok(asked.length > 100);
  assert.deepEqual(asked.filter((key) => !(key in ENGLISH)), []);
});

/** Words that are asked for by a name of the daemon, or of which another name is a part. */
const GROUPS = new Set([...source.matchAll(/\bnamed\("(\w+)"/g), ...source.matchAll(/`(\w+(?:\.\w+)*)\.\$\{/g)].map(([, group]) => group));

test("no word is there for nothing", () => {
  const isBuilt = (key) => GROUPS.has(key.split(".").slice(0, -1).join(".")) || [...source.matchAll(/`\$\{\w+\}\.(\w+)`/g)].some(([, end]) => key.endsWith(`.${end}`));
  const unused = Object.keys(ENGLISH).filter((key) => !source.includes(`"${key}"`) && !isBuilt(key) && !["approve", "discard"].includes(key));
  assert.deepEqual(unused, []);
});

test("German has the same words, with the same places", () => {
  assert.deepEqual(Object.keys(GERMAN).sort(), Object.keys(ENGLISH).sort());
  const places = (word) => (typeof word === "string" ? word.match(/{\w+}/g) ?? [] : []).sort();
  for (const [key, word] of Object.entries(ENGLISH)) {
    if (typeof word === typeof GERMAN[key]) {
      assert.deepEqual(places(GERMAN[key]), places(word), key);
    }
  }
});

test("places are filled, and numbers have their form", () => {
  assert.equal(t("about.start", { version: "v2" }), "Update to v2");
  assert.equal(t("torrents.count", { n: 1 }), "1 torrent");
  assert.equal(t("torrents.count", { n: 1200 }), "1,200 torrents");
  assert.equal(named("action", "another_one"), "another one");
});

test("an entry is a sentence", () => {
  const entry = { action: "remove", state: "done", because: "it is stalled", rule: "search_again", outcome: "removed", notes: { torrent_file: "a" } };
  assert.equal(sentences.deed(entry), "Removed");
  assert.equal(sentences.deed({ ...entry, state: "planned" }), "Removal:");
  assert.equal(sentences.reason(entry), "It is stalled (rule search again)");
  assert.equal(sentences.ending(entry), "Done: removed");
});

test("only a removal that left something can be undone", () => {
  const done = { action: "remove", state: "done", notes: { torrent_file: "a" } };
  assert.ok(sentences.canUndo(done));
  assert.ok(sentences.canUndo({ ...done, state: "planned", notes: { until: 1 } }));
  assert.ok(!sentences.canUndo({ ...done, notes: {} }));
  assert.ok(!sentences.canUndo({ ...done, state: "undone" }));
  assert.ok(!sentences.canUndo({ ...done, action: "import" }));
});

test("a spreadsheet calculates nothing of an export", () => {
  const text = sentences.asCsv([{ name: "=1+1", because: 'a "b", c' }]);
  assert.match(text, /'=1\+1/);
  assert.match(text, /"a ""b"", c"/);
});

test("an unknown language is English", async () => {
  await useLanguage(["xx", "en-GB"]);
  assert.equal(t("close"), "Close");
});

test("the language of the browser is chosen", async () => {
  await useLanguage(["fr", "de-AT", "en"]);
  assert.equal(t("close"), "Schließen");
  assert.equal(t("torrents.count", { n: 1200 }), "1.200 Torrents");
  await useLanguage(["en"]);
});

test("what a worker searched last is a sentence in each language", async () => {
  assert.equal(sentences.searched("A Film"), "Searched A Film");
  assert.equal(sentences.searched("again for A.Film.1080p"), "Searched again for A.Film.1080p");
  await useLanguage(["de"]);
  assert.equal(sentences.searched("again for A.Film.1080p"), "Erneut gesucht: A.Film.1080p");
  await useLanguage(["en"]);
});
