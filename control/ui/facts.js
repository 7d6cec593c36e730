// Facts of a decision in words; the ending of a name is its unit. Pure.
import { formatBytes, formatDuration, formatExact, formatShare, spaced } from "./format.js";

/** Name and value of a fact as text. @param {string} name @param {unknown} value @returns {[string, string]} */
export function formatFact(name, value, locale = "en") {
  if (typeof value === "number") {
    return formatNumber(name, value, locale);
  }
  if (Array.isArray(value)) {
    return [spaced(name), value.length ? value.join(", ") : "–"];
  }
  if (value !== null && typeof value === "object") {
    return [spaced(name), Object.entries(value).map(([key, one]) => `${key}: ${one}`).join(", ") || "–"];
  }
  return [spaced(name), String(value)];
}

/** @param {string} name @param {number} value @returns {[string, string]} */
function formatNumber(name, value, locale) {
  if (name.endsWith("_seconds")) {
    return [spaced(name.slice(0, -"_seconds".length)), value < 0 ? String(value) : formatDuration(value)];
  }
  if (name.endsWith("_bytes")) {
    return [spaced(name.slice(0, -"_bytes".length)), formatBytes(value, locale)];
  }
  if (name.endsWith("_at")) {
    return [spaced(name), formatExact(new Date(value * 1000).toISOString(), locale)];
  }
  if (name === "progress") {
    return [name, formatShare(value, locale)];
  }
  return [spaced(name), value.toLocaleString(locale)];
}
