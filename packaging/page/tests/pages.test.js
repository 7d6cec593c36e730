import assert from "node:assert/strict";
import test from "node:test";
import { pagePlaces } from "../../../control/ui/pages.js";

test("a page goes on after the one before, once that was seen", () => {
  const places = pagePlaces().of("movies");
  assert.equal(places.before(1), "");
  places.ends(0, "[0,\"m\",7]");
  assert.equal(places.before(0), "");
  assert.equal(places.before(1), "[0,\"m\",7]");
  assert.equal(places.before(2), "");
});

test("another list or other conditions start without places", () => {
  const places = pagePlaces().of("movies");
  places.ends(0, "x");
  assert.equal(places.of("movies").before(1), "x");
  assert.equal(places.of("movies, sorted").before(1), "");
});

test("a page that has become the last leads nowhere", () => {
  const places = pagePlaces();
  places.ends(0, "x");
  places.ends(0, null);
  assert.equal(places.before(1), "");
});
