import assert from "node:assert/strict";
import { test } from "node:test";
import * as form from "../../../control/ui/configform.js";

const key = (changes) => ({ name: "Key", form: "text", many: false, choices: [], ...changes });
const FILE = { Settings: { LoopSleepTimer: 5 }, "Radarr-4K": { Torrent: { StalledDelay: "3s" } }, qBit: {}, Strange: {} };

test("sections have their model", () => {
  assert.equal(form.modelOf("qBit-nas"), "qBit");
  assert.equal(form.modelOf("Settings"), "Settings");
  assert.equal(form.modelOf("sonarr-TV"), "Arr");
  assert.equal(form.arrKind("sonarr-TV"), "sonarr");
  assert.deepEqual(form.sections(FILE, { "Lidarr-New.URI": "http://x", "Radarr-4K": undefined }),
    ["Settings", "WebUI", "Notifications", "Prowlarr", "Radarr-4K", "qBit", "Lidarr-New"]);
});

test("a value is found by its dotted name", () => {
  assert.equal(form.valueAt(FILE, "Radarr-4K", "Torrent.StalledDelay"), "3s");
  assert.equal(form.valueAt(FILE, "Radarr-4K", "EntrySearch.SearchMissing"), undefined);
  assert.equal(form.valueAt(FILE, "Nothing", "A.B"), undefined);
});

test("a text becomes the value that it stands for", () => {
  assert.equal(form.fromText(key({ form: "integer" }), "-1"), -1);
  assert.equal(form.fromText(key({ form: "seconds" }), "90s"), "90s");
  assert.equal(form.fromText(key({ form: "number" }), "0.5"), 0.5);
  assert.equal(form.fromText(key({ form: "integer" }), "-"), "-", "the daemon says what is wrong with it");
  assert.equal(form.fromText(key({ form: "text" }), "12"), "12");
  assert.equal(form.fromText(key({ form: "choice", choices: [-1, 1] }), "-1"), -1);
  assert.deepEqual(form.fromText(key({ many: true }), "a\n\n b "), ["a", "b"]);
  assert.deepEqual(form.fromText(key({ form: "mapping" }), "A = B = C\nnothing"), { A: "B = C" });
});

test("a number stays as it is typed", () => {
  const number = key({ form: "number" });
  for (const typed of ["0", "0.", "0.0", "0.05", "-0", "-0.5", "1.50"]) {
    assert.equal(form.fieldText(number, form.fromText(number, typed), typed), typed);
  }
  assert.equal(form.fieldText(number, 2, "0.0"), "2", "it was changed otherwise");
  assert.equal(form.fieldText(number, 2, undefined), "2");
});

test("a value is read back from its text", () => {
  for (const [one, value] of [[key({ many: true }), ["a", "b"]], [key({ form: "mapping" }), { a: "b" }], [key({ form: "integer" }), -1]]) {
    assert.deepEqual(form.fromText(one, form.asText(one, value)), value);
  }
});

test("nothing that is secret is kept of a draft", () => {
  const forms = { Arr: [key({ name: "URI", form: "url" }), key({ name: "APIKey", secret: true }), key({ name: "Torrent.Trackers", form: "rows" })] };
  const kept = { "Radarr.URI": "http://nas:7878/a@b", "Radarr-4K": undefined, "Sonarr.APIKey": undefined };
  const secret = { "Radarr.APIKey": "key", "Sonarr.URI": "http://me:word@nas", "Radarr.Torrent.Trackers": [{ URI: "https://me:word@tracker" }] };
  assert.deepEqual(form.withoutSecrets({ ...kept, ...secret, "Radarr.Unknown": 1 }, forms), kept);
});

test("rules for files are tried as they are being filled in", () => {
  const keys = [
    key({ name: "Torrent.FolderExclusionRegex", many: true, default: ["^sample$"] }),
    key({ name: "Torrent.FileExtensionAllowlist", many: true, default: [".mkv"] }),
    key({ name: "Torrent.FailArchives", form: "flag", default: true }),
    key({ name: "Torrent.StalledDelay", default: "15m" }),
    key({ name: "FailArchives", default: "another" }),
  ];
  const file = { Radarr: { Torrent: { FileExtensionAllowlist: [".mp4"], FailArchives: false } } };
  const draft = { "Radarr.Torrent.FolderExclusionRegex": ["^extras$"], "Radarr.Torrent.FailArchives": undefined, "Sonarr.Torrent.FailArchives": 1 };
  assert.deepEqual(form.fileRules(keys, file, draft, "Radarr"), {
    folderExclusionRegex: ["^extras$"], fileExtensionAllowlist: [".mp4"], failArchives: true,
  });
});

test("a change back to what the file has is none", () => {
  const changed = form.withChange({}, FILE, "Settings", "LoopSleepTimer", 6);
  assert.deepEqual(changed, { "Settings.LoopSleepTimer": 6 });
  assert.deepEqual(form.withChange(changed, FILE, "Settings", "LoopSleepTimer", 5), {});
  assert.deepEqual(form.request(form.withChange({}, FILE, "Settings", "LoopSleepTimer", undefined)), { changes: {}, deletions: ["Settings.LoopSleepTimer"] });
});

test("a draft survives a reload", () => {
  const draft = { "Settings.LoopSleepTimer": 6, "Radarr-4K": undefined };
  assert.deepEqual(form.unpacked(form.packed(draft)), draft);
  assert.deepEqual(form.unpacked(null), {});
  assert.deepEqual(form.unpacked("broken"), {});
});

test("keys are grouped by their table", () => {
  const grouped = form.groups([key({ name: "A" }), key({ name: "T.B" }), key({ name: "C" })]);
  assert.deepEqual(grouped.map(([table, keys]) => [table, keys.map(({ name }) => name)]), [["", ["A", "C"]], ["T", ["T.B"]]]);
});

test("a source of requests is tested as filled in, or as stored", () => {
  assert.equal(form.requester("EntrySearch.Overseerr"), "overseerr");
  assert.equal(form.requester("EntrySearch.Ombi"), "ombi");
  assert.equal(form.requester("EntrySearch"), "");
  const stored = { "Sonarr-TV": { EntrySearch: { Ombi: { OmbiURI: "http://ombi", SkipTLSVerify: true } } } };
  assert.deepEqual(form.requesterToTest(stored, {}, "Sonarr-TV", "ombi"), { section: "Sonarr-TV", arrType: "ombi" });
  assert.deepEqual(form.requesterToTest(stored, { "Sonarr-TV.EntrySearch.Ombi.OmbiAPIKey": "k" }, "Sonarr-TV", "ombi"),
    { arrType: "ombi", requestsFor: "sonarr", uri: "http://ombi", apiKey: "k", skipTlsVerify: true });
});

test("what is allowed is a sentence without the quotes of the file", () => {
  const said = (kind, limits) => form.limitsOf(/** @type {any} */ ({ form: kind, limits }));
  assert.equal(said("url", 'an address such as "http://localhost:7878"'), "An address such as http://localhost:7878");
  assert.equal(said("name", "a text in quotes, not empty"), "A text, not empty");
  assert.equal(said("text", "a text in quotes"), "");
  assert.equal(said("flag", "true or false"), "");
});
