import assert from "node:assert/strict";
import { test } from "node:test";
import { formatRoute, given, isSame, parseRoute, withoutTorrent } from "../../../control/ui/urlstate.js";

test("an address without a view is the overview", () => {
  for (const hash of ["", "#", "#login=abc", "#/"]) {
    assert.equal(parseRoute(hash).view, "overview");
  }
});

test("an address is read as it was written", () => {
  const route = { view: "libraries", path: ["tv/anime", "ä"], params: { q: "100% & more?", page: "2" } };
  assert.deepEqual(parseRoute(formatRoute(route.view, route.path, route.params)), route);
});

test("parameters that are empty are left out", () => {
  assert.equal(formatRoute("activity", [], { q: "", rule: null, state: undefined, shadow: false }), "#/activity");
  assert.deepEqual(given({ page: 0, missing: true, q: "" }), { page: "0", missing: "true" });
});

test("what was typed by hand is no error", () => {
  assert.deepEqual(parseRoute("#/logs/100%"), { view: "logs", path: ["100%"], params: {} });
});

test("a torrent is open above a view, whose own state it leaves alone", () => {
  const { below, torrent } = withoutTorrent(parseRoute("#/activity?action=import&torrent=abc"));
  assert.equal(torrent, "abc");
  assert.deepEqual(below.params, { action: "import" });
  assert.equal(isSame(below, parseRoute("#/activity?action=import")), true);
  assert.equal(isSame(below, parseRoute("#/activity")), false);
  assert.equal(withoutTorrent(parseRoute("#/activity")).torrent, "");
});
