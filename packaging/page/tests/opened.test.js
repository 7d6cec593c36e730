import assert from "node:assert/strict";
import test from "node:test";
import { MOST_OPENED, openedIn, seasonKey, withOpened } from "../../../control/ui/opened.js";

test("what is opened is read from the address as it was written", () => {
  const text = withOpened(withOpened(withOpened("", "12", true), seasonKey(12, 3), true), "15", true);
  assert.equal(text, "12_12.3_15");
  assert.deepEqual(openedIn(text), ["12", "12.3", "15"]);
  assert.equal(new URLSearchParams({ open: text }).toString(), `open=${text}`);
});

test("nothing is open without the parameter", () => {
  assert.deepEqual(openedIn(undefined), []);
  assert.deepEqual(openedIn(""), []);
  assert.equal(withOpened(undefined, "1", false), "");
});

test("a series that is closed closes its seasons, and those of no other", () => {
  assert.equal(withOpened("1_1.0_1.2_12_12.1", "1", false), "12_12.1");
  assert.equal(withOpened("1_1.0_1.2", "1.0", false), "1_1.2");
});

test("what is opened twice is listed once, as the latest", () => {
  assert.equal(withOpened("1_2", "1", true), "2_1");
  assert.deepEqual(openedIn("3_3_3"), ["3"]);
});

test("no more than a number of them is open, the latest", () => {
  const all = Array.from({ length: MOST_OPENED + 5 }, (_, index) => String(index));
  assert.deepEqual(openedIn(all.join("_")), all.slice(5));
  const full = all.slice(0, MOST_OPENED).join("_");
  assert.deepEqual(openedIn(withOpened(full, "99", true)), [...all.slice(1, MOST_OPENED), "99"]);
});

test("what was typed by hand is no error", () => {
  assert.deepEqual(openedIn("_7_x_-1_1.2.3_7.5_<b>_"), ["7", "7.5"]);
});
