import assert from "node:assert/strict";
import { test } from "node:test";
import { perDay } from "../../../control/ui/days.js";
import { choices, matching } from "../../../control/ui/filters.js";
import { appended, chosen, levelOf } from "../../../control/ui/loglines.js";
import { visible } from "../../../control/ui/rows.js";

const KINDS = [
  { rule: "imported", action: "nothing", category: "movies", instance: "qBit", number: 5 },
  { rule: "stalled", action: "fail", category: "movies", instance: "qBit", number: 2 },
  { rule: "imported", action: "nothing", category: "tv", instance: "nas", number: 3 },
];

test("choices count what they would leave under the other conditions", () => {
  assert.deepEqual(choices(KINDS, "rule", {}), [{ value: "imported", number: 8 }, { value: "stalled", number: 2 }]);
  assert.deepEqual(choices(KINDS, "rule", { category: "tv" }), [{ value: "imported", number: 3 }, { value: "stalled", number: 0 }]);
  assert.deepEqual(choices(KINDS, "category", { category: "tv" }), [{ value: "movies", number: 7 }, { value: "tv", number: 3 }]);
});

test("conditions hold together", () => {
  assert.equal(matching(KINDS, {}), 10);
  assert.equal(matching(KINDS, { category: "movies", rule: "imported", q: "ignored" }), 5);
});

test("only rows in and near the window are drawn", () => {
  assert.deepEqual(visible({ above: 0, height: 100, row: 10, total: 1000, spare: 2 }), { first: 0, last: 12 });
  assert.deepEqual(visible({ above: 500, height: 100, row: 10, total: 1000, spare: 2 }), { first: 48, last: 62 });
  assert.deepEqual(visible({ above: 99_999, height: 100, row: 10, total: 1000, spare: 2 }), { first: 1000, last: 1000 });
});

test("counts fill every day", () => {
  const activity = { first: "2026-11-01", last: "2026-11-04", counts: [
    { day: "2026-11-02", action: "fail", number: 1 }, { day: "2026-11-02", action: "fail_rest", number: 2 },
    { day: "2026-11-04", action: "import", number: 9 }] };
  assert.deepEqual(perDay(activity, ["fail", "fail_rest"]), [0, 3, 0, 0]);
});

test("a line without a level continues the one before", () => {
  assert.equal(levelOf("2026-11-29T00:49:21Z [warning  ] it is late"), "warning");
  assert.equal(levelOf("2026-11-29T00:49:21Z [critical ] it broke"), "error");
  assert.equal(levelOf("Traceback (most recent call last):", "error"), "error");
});

test("lines are bounded, and chosen by level and text", () => {
  const lines = appended([], "t [info ] One\nt [error ] Two\n  at line 3", 10);
  assert.deepEqual(chosen(lines, "warning", "").map(({ text }) => text), ["t [error ] Two", "  at line 3"]);
  assert.deepEqual(chosen(lines, "debug", "one").map(({ text }) => text), ["t [info ] One"]);
  assert.deepEqual(appended(lines, "last", 2).map(({ text }) => text), ["  at line 3", "last"]);
});
