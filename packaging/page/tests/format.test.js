import assert from "node:assert/strict";
import { test } from "node:test";
import { formatFact } from "../../../control/ui/facts.js";
import * as format from "../../../control/ui/format.js";

const NOW = Date.parse("2026-11-25T12:00:00Z");
const at = (seconds) => new Date(NOW + seconds * 1000).toISOString();

test("bytes are in the largest unit that fits", () => {
  assert.equal(format.formatBytes(0), "0 B");
  assert.equal(format.formatBytes(1023), "1,023 B");
  assert.equal(format.formatBytes(1536), "1.5 KiB");
  assert.equal(format.formatBytes(20 * 1024 ** 3), "20 GiB");
  assert.equal(format.formatBytes(1536, "de"), "1,5 KiB");
  assert.equal(format.formatBytes(null), "–");
  assert.equal(format.formatRate(2048), "2 KiB/s");
});

test("a share is never rounded up", () => {
  assert.equal(format.formatShare(0.9999), "99.9 %");
  assert.equal(format.formatShare(1), "100 %");
});

test("a ratio below zero is infinite", () => {
  assert.equal(format.formatRatio(-1), "∞");
  assert.equal(format.formatRatio(1.234), "1.23");
});

test("a duration is in its two largest units that follow each other", () => {
  assert.equal(format.formatDuration(0), "0 s");
  assert.equal(format.formatDuration(901), "15 min 1 s");
  assert.equal(format.formatDuration(86_400 + 3), "1 d");
  assert.equal(format.formatDuration(90_000), "1 d 1 h");
});

test("times are relative to now, in both directions and languages", () => {
  assert.equal(format.formatRelative(at(-2), NOW), "now");
  assert.equal(format.formatRelative(at(-61), NOW), "1 minute ago");
  assert.equal(format.formatRelative(at(7300), NOW), "in 2 hours");
  assert.equal(format.formatRelative(at(-86_400), NOW), "yesterday");
  assert.equal(format.formatRelative(at(-61), NOW, "de"), "vor 1 Minute");
});

test("yesterday and tomorrow are those of the calendar", () => {
  const noon = new Date(2026, 10, 25, 12).getTime();
  const hours = (number) => format.formatRelative(new Date(noon + number * 3_600_000).toISOString(), noon);
  assert.equal(hours(-35), "yesterday");
  assert.equal(hours(-37), "2 days ago");
  assert.equal(hours(35), "tomorrow");
  assert.equal(hours(47), "in 2 days");
});

test("a date without a time is the same day in every zone", () => {
  assert.equal(format.formatDay("2026-05-01"), "5/1/2026");
  assert.equal(format.formatDay(new Date(2026, 4, 1, 23).toISOString()), "5/1/2026");
});

test("a relative time says when it reads differently", () => {
  assert.equal(format.changesIn(at(-61), NOW), 59_000);
  assert.equal(format.changesIn(at(-30), NOW), 1000);
});

test("names of the daemon in words", () => {
  assert.equal(format.capitalised("it is stalled"), "It is stalled");
  assert.equal(format.capitalised("qBittorrent is away"), "qBittorrent is away");
  assert.equal(format.spaced("search_again"), "search again");
});

test("the ending of a fact is its unit", () => {
  assert.deepEqual(formatFact("stalled_seconds", 901), ["stalled", "15 min 1 s"]);
  assert.deepEqual(formatFact("left_bytes", 1536), ["left", "1.5 KiB"]);
  assert.deepEqual(formatFact("progress", 0.5), ["progress", "50 %"]);
  assert.deepEqual(formatFact("wait_seconds", -1), ["wait", "-1"]);
  assert.deepEqual(formatFact("messages", ["a", "b"]), ["messages", "a, b"]);
  assert.deepEqual(formatFact("messages", []), ["messages", "–"]);
  assert.deepEqual(formatFact("tagged", true), ["tagged", "true"]);
  assert.deepEqual(formatFact("files", { "a.nfo": "FileExtensionAllowlist" }), ["files", "a.nfo: FileExtensionAllowlist"]);
  assert.deepEqual(formatFact("files", {}), ["files", "–"]);
  assert.deepEqual(formatFact("revisit_at", null), ["revisit at", "null"]);
});

test("a time and the field for a local time are turned into each other", () => {
  const iso = "2026-07-01T12:34:56.000Z";
  assert.equal(new Date(format.localInput(iso)).toISOString(), iso);
  assert.equal(format.localInput(undefined), "");
  assert.equal(format.localInput("noon"), "");
});

test("a day is from its local midnight to the next one, also where the clocks change", () => {
  for (const day of ["2026-03-29", "2026-10-25", "2026-11-29"]) {
    const start = format.midnight(day);
    const end = format.midnight(day, 1);
    assert.equal(new Date(start).getHours(), 0);
    assert.equal(new Date(end).getHours(), 0);
    assert.ok(Date.parse(end) - Date.parse(start) >= 23 * 3_600_000);
    assert.equal(format.localDay(start), day);
    assert.equal(format.localDay(end, 1), day);
  }
  assert.equal(format.midnight(""), "");
  assert.equal(format.localDay(undefined), "");
});
