// Exporting a list as a file: all of its pages, up to a bound.
import { notify } from "./parts/toasts.js";
import { saveAs } from "./save.js";
import { t } from "./words.js";

const MOST_EXPORTED = 10_000;
export const LARGEST_PAGE = 500;
const TYPES = { json: "application/json", csv: "text/csv" };

/** Saves the entries of all pages, the largest that the daemon sends. `read` gets what the page before says of the next one.
 * @template T @template {string | number} C @param {string} name @param {"json" | "csv"} form
 * @param {(after: C | "") => Promise<{entries: T[], next: C | null}>} read @param {(entries: T[]) => string} csv */
export async function exportList(name, form, read, csv) {
  /** @type {T[]} */
  const all = [];
  /** @type {C | "" | null} */
  let after = "";
  try {
    do {
      const { entries, next } = await read(after ?? "");
      all.push(...entries);
      after = next;
    } while (after && all.length < MOST_EXPORTED);
  } catch (error) {
    notify(error.message, "bad");
    return;
  }
  saveAs(`qbitrr-${name}.${form}`, form === "json" ? JSON.stringify(all, null, 2) : csv(all), TYPES[form]);
  notify(t("export.limit", { n: all.length }));
}
