import assert from "node:assert/strict";
import test from "node:test";
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS, longerPause } from "../../../control/ui/retry.js";

test("pauses grow from a second to a few seconds and no further", () => {
  const pauses = [FIRST_PAUSE_MS];
  while (pauses.length < 100) {
    pauses.push(longerPause(/** @type {number} */ (pauses.at(-1))));
  }
  assert.deepEqual(pauses.slice(0, 5), [1000, 1500, 2250, 3000, 3000]);
  assert.equal(Math.max(...pauses), LONGEST_PAUSE_MS);
});

test("nothing is tried without a pause", () => {
  for (const pause of [0, -1]) {
    assert.ok(longerPause(pause) >= FIRST_PAUSE_MS);
  }
});
