// The words of the page in the language of the browser. `words/en.js` has all of them, other files translate them.
import { ENGLISH } from "./words/en.js";

/** @typedef {string | ((values: Record<string, any>) => string)} Word */

/** @type {Record<string, () => Promise<Record<string, Word>>>} */
const LANGUAGES = {
  de: async () => (await import("./words/de.js")).GERMAN,
};

/** @type {Record<string, Word>} */
let words = ENGLISH;
export let locale = "en";

/** Chooses the first language that is known. @param {readonly string[]} preferred */
export async function useLanguage(preferred) {
  for (const tag of preferred) {
    const base = tag.toLowerCase().split("-")[0];
    if (base === "en" || base in LANGUAGES) {
      words = base === "en" ? ENGLISH : await LANGUAGES[base]();
      locale = tag;
      return;
    }
  }
}

/** A word or sentence; `values` fill its places in braces. @param {string} key @param {Record<string, any>} [values] */
export function t(key, values = {}) {
  const word = words[key] ?? ENGLISH[key] ?? key;
  return typeof word === "function" ? word(values) : word.replace(/{(\w+)}/g, (_, name) => String(values[name] ?? ""));
}

/** A word for a name of the daemon, or the name itself when there is none. @param {string} group @param {string} name */
export function named(group, name) {
  const key = `${group}.${name}`;
  return key in words || key in ENGLISH ? t(key) : name.replaceAll("_", " ");
}
