// The daemon's words, numbers and times in the form that the page shows.

const STATES = {
  starting: "Starting",
  running: "Running",
  waiting: "Waiting",
  backoff: "Restarting soon",
  hanging: "Hanging, being replaced",
  degraded: "In trouble",
  held: "Needs you",
  stopping: "Stopping",
  stopped: "Stopped",
};
const KINDS = { search: "Searching", health: "Managing torrents", idle: "Idle" };
const UNITS = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]];
const OUTCOMES = { pass: "does not apply", stop: "nothing is to be done", act: "something is to be done" };

export const stateWord = (state) => STATES[state] ?? spaced(state);
export const kindWord = (kind) => KINDS[kind] ?? spaced(kind);
// Actions and their states go by the names that they have in the ledger.
export const actionWord = (action) => capitalised(spaced(action));
export const outcomeWord = (outcome) => OUTCOMES[outcome] ?? spaced(outcome);

export function endSentence({ state, outcome }) {
  return capitalised(outcome ? `${spaced(state)}: ${outcome}` : spaced(state));
}

// Makes the first letter a capital, except in names such as qBittorrent.
export function capitalised(text) {
  return /^q?[A-Z]/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

export function spaced(name) {
  return name.replaceAll("_", " ");
}

export function formatCount(number) {
  return number === null || number === undefined ? "–" : number.toLocaleString();
}

export function formatBytes(number) {
  if (number === null || number === undefined) {
    return "–";
  }
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (number >= 1024 && unit < units.length - 1) {
    number /= 1024;
    unit += 1;
  }
  return `${number.toLocaleString(undefined, { maximumFractionDigits: number < 10 && unit > 0 ? 1 : 0 })} ${units[unit]}`;
}

// Formats a duration in its two largest units: 15 min 1 s.
export function formatDuration(seconds) {
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

// Formats the time since a moment, in the largest unit that fits.
export function formatAge(iso) {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(iso)) / 1000));
  const [unit, length] = UNITS.find(([, each]) => seconds >= each) ?? ["s", 1];
  return `${Math.floor(seconds / length)} ${unit}`;
}

export function formatAgo(iso) {
  return Date.now() - Date.parse(iso) < 5000 ? "just now" : `${formatAge(iso)} ago`;
}

export function formatTime(iso) {
  return new Date(iso).toLocaleString();
}

// Returns name and value of a fact as text; the ending of its name is the unit.
export function formatFact(name, value) {
  if (typeof value === "number") {
    if (name.endsWith("_seconds")) {
      return [spaced(name.slice(0, -"_seconds".length)), value < 0 ? String(value) : formatDuration(value)];
    }
    if (name.endsWith("_bytes")) {
      return [spaced(name.slice(0, -"_bytes".length)), formatBytes(value)];
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
