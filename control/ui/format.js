// Numbers, sizes, durations and times in the form that the page shows. Pure: the moment and the language are given.

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const UNITS = /** @type {const} */ ([["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]]);
const RELATIVE = /** @type {const} */ ([["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]]);
const NONE = "–";
const NOW_SECONDS = 5;

/** @param {number | null | undefined} number */
export function formatCount(number, locale = "en") {
  return number === null || number === undefined ? NONE : number.toLocaleString(locale);
}

/** @param {number | null | undefined} bytes */
export function formatBytes(bytes, locale = "en") {
  if (bytes === null || bytes === undefined) {
    return NONE;
  }
  let unit = 0;
  let number = bytes;
  while (Math.abs(number) >= 1024 && unit < BYTES.length - 1) {
    number /= 1024;
    unit += 1;
  }
  const digits = unit > 0 && Math.abs(number) < 10 ? 1 : 0;
  return `${number.toLocaleString(locale, { maximumFractionDigits: digits })} ${BYTES[unit]}`;
}

/** @param {number | null | undefined} bytesPerSecond */
export function formatRate(bytesPerSecond, locale = "en") {
  return bytesPerSecond === null || bytesPerSecond === undefined ? NONE : `${formatBytes(bytesPerSecond, locale)}/s`;
}

/** Percent without rounding up: 99.96 % is not done. @param {number} share */
export function formatShare(share, locale = "en") {
  const percent = Math.floor(share * 1000) / 10;
  return `${percent.toLocaleString(locale, { maximumFractionDigits: share < 1 ? 1 : 0 })} %`;
}

/** A negative ratio is infinite. @param {number} ratio */
export function formatRatio(ratio, locale = "en") {
  return ratio < 0 ? "∞" : ratio.toLocaleString(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** A duration in its two largest units: 15 min 1 s. @param {number} seconds */
export function formatDuration(seconds) {
  const parts = [];
  let rest = Math.round(seconds);
  for (const [unit, length] of UNITS) {
    if (rest >= length) {
      parts.push(`${Math.floor(rest / length)} ${unit}`);
      rest %= length;
    } else if (parts.length) {
      break; // 1 d 3 s says more than is known
    }
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

/** Time from now in the largest unit that fits: 5 minutes ago, in 2 hours. @param {string} iso @param {number} now */
export function formatRelative(iso, now, locale = "en") {
  const seconds = (Date.parse(iso) - now) / 1000;
  const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  if (Math.abs(seconds) < NOW_SECONDS) {
    return words.format(0, "second");
  }
  const [unit, length] = RELATIVE.find(([, each]) => Math.abs(seconds) >= each) ?? ["second", 1];
  const number = unit === "day" ? daysBetween(new Date(now), new Date(iso)) : Math.trunc(seconds / length);
  return words.format(number, unit);
}

/** How often the date changes: 1 is tomorrow, however far that is away. @param {Date} from @param {Date} to */
function daysBetween(from, to) {
  const dates = [to, from].map((at) => Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()));
  return (dates[0] - dates[1]) / 86_400_000;
}

/** Date and time to the second, in the zone of the browser. @param {string} iso */
export function formatExact(iso, locale = "en") {
  return new Date(iso).toLocaleString(locale, { dateStyle: "medium", timeStyle: "medium" });
}

/** The day of a time in the zone of the browser; a date without a time is the same day everywhere. @param {string} iso */
export function formatDay(iso, locale = "en") {
  return new Date(iso).toLocaleDateString(locale, iso.includes("T") ? {} : { timeZone: "UTC" });
}

/** How long to wait until the relative time reads differently, in milliseconds. @param {string} iso @param {number} now */
export function changesIn(iso, now) {
  const seconds = Math.abs(Date.parse(iso) - now) / 1000;
  const [, length] = RELATIVE.find(([, each]) => seconds >= each) ?? ["second", 1];
  return Math.max(1000, (length - (seconds % length)) * 1000);
}

/** Makes the first letter a capital, except in names such as qBittorrent. @param {string} text */
export function capitalised(text) {
  return /^q?[A-Z]/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {string} name */
export function spaced(name) {
  return name.replaceAll("_", " ");
}

/** Midnight at the start of a local day, or so many days later, as a time; empty for what is none. @param {string} day */
export function midnight(day, days = 0) {
  const at = new Date(`${day}T00:00:00`);
  if (Number.isNaN(at.getTime())) {
    return "";
  }
  at.setDate(at.getDate() + days);
  return at.toISOString();
}

/** The local day of a time, or of so many milliseconds before it; empty for what is none. @param {string | undefined} iso */
export function localDay(iso, before = 0) {
  const at = Date.parse(iso ?? "");
  return Number.isNaN(at) ? "" : localInput(new Date(at - before).toISOString()).slice(0, 10);
}

/** A time as the field for a local date and time has it, to the second; empty for what is none. @param {string | undefined} iso */
export function localInput(iso) {
  const at = new Date(iso ?? "");
  if (Number.isNaN(at.getTime())) {
    return "";
  }
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
