// Numbers, times and the daemon's words as people read them.

const STATES = {
  starting: "Starting",
  running: "Running",
  waiting: "Waiting",
  backoff: "Restarting soon",
  hanging: "Hangs, is being replaced",
  degraded: "In trouble",
  held: "Needs you",
  stopping: "Stopping",
  stopped: "Stopped",
};
const KINDS = { search: "Searching", health: "Looking after torrents", idle: "Idle" };
const ACTIONS = {
  nothing: "Nothing",
  import: "Import",
  check_import: "Check import",
  tag_stalled: "Tag as stalled",
  fail: "Fail",
};
const ENDS = { planned: "under way", done: "done", failed: "failed", held: "held", undone: "undone" };
const UNITS = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]];
const OUTCOMES = { pass: "does not apply", stop: "nothing is to be done", act: "something is to be done" };

export const stateWord = (state) => STATES[state] ?? spaced(state);
export const kindWord = (kind) => KINDS[kind] ?? spaced(kind);
export const actionWord = (action) => ACTIONS[action] ?? spaced(action);
export const endWord = (end) => ENDS[end] ?? spaced(end);
export const outcomeWord = (outcome) => OUTCOMES[outcome] ?? spaced(outcome);

// Names keep their spelling.
export function sentence(text) {
  return /^q?[A-Z]/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

export function spaced(name) {
  return name.replaceAll("_", " ");
}

export function count(number) {
  return number === null || number === undefined ? "–" : number.toLocaleString();
}

export function bytes(number) {
  if (number === null || number === undefined) {
    return "–";
  }
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let step = 0;
  while (number >= 1024 && step < units.length - 1) {
    number /= 1024;
    step += 1;
  }
  return `${number.toLocaleString(undefined, { maximumFractionDigits: number < 10 && step > 0 ? 1 : 0 })} ${units[step]}`;
}

// In its two largest units: 15 min 1 s.
export function duration(seconds) {
  const parts = [];
  let rest = Math.round(seconds);
  for (const [unit, length] of UNITS) {
    if (rest >= length) {
      parts.push(`${Math.floor(rest / length)} ${unit}`);
      rest %= length;
    }
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

// How long ago, in the largest unit that fits.
export function age(iso) {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(iso)) / 1000));
  const [unit, length] = UNITS.find(([, each]) => seconds >= each) ?? ["s", 1];
  return `${Math.floor(seconds / length)} ${unit}`;
}

export function ago(iso) {
  return Date.now() - Date.parse(iso) < 5000 ? "just now" : `${age(iso)} ago`;
}

export function moment(iso) {
  return new Date(iso).toLocaleString();
}

// A fact by its name, whose ending tells the unit.
export function fact(name, value) {
  if (typeof value === "number") {
    if (name.endsWith("_seconds")) {
      return [spaced(name.slice(0, -"_seconds".length)), value < 0 ? String(value) : duration(value)];
    }
    if (name.endsWith("_bytes")) {
      return [spaced(name.slice(0, -"_bytes".length)), bytes(value)];
    }
    if (name.endsWith("_at")) {
      return [spaced(name), new Date(value * 1000).toLocaleString()];
    }
    if (name === "progress") {
      return [name, `${Math.floor(value * 1000) / 10} %`];
    }
  }
  if (Array.isArray(value)) {
    return [spaced(name), value.length ? value.join(", ") : "none"];
  }
  return [spaced(name), typeof value === "string" ? value : JSON.stringify(value)];
}
