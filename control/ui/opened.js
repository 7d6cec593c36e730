// Which series, artists and seasons are open, as a text in the address: `12_12.3_15` is series 12 with its season 3, and
// series 15. Pure.

/** What was opened first is closed when more are opened. */
export const MOST_OPENED = 20;

const KEY = /^\d+(\.\d+)?$/;

/** The key of a season among what is open. @param {number} series @param {number} season */
export const seasonKey = (series, season) => `${series}.${season}`;

/** Reads the text in the address; what is no key is left out. @param {string} [text] @returns {string[]} */
export const openedIn = (text = "") => latest(text.split("_").filter((key) => KEY.test(key)));

/** The text once `key` was opened or closed; what belongs to it is closed with it. @param {string | undefined} text @param {string} key @param {boolean} open */
export function withOpened(text, key, open) {
  const others = openedIn(text).filter((one) => one !== key && (open || !one.startsWith(`${key}.`)));
  return latest(open ? [...others, key] : others).join("_");
}

/** @param {string[]} keys */
const latest = (keys) => [...new Set(keys)].slice(-MOST_OPENED);
