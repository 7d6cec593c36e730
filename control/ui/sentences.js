// Entries of the ledger as sentences. Pure, apart from the language.
import { capitalised, spaced } from "./format.js";
import { named, t } from "./words.js";

const UNDOABLE = new Set(["fail", "remove"]);

/** What was done, as the beginning of a sentence: "Removed", or "Removal" when it was not. @param {{action: string, state: string}} entry */
export function deed({ action, state }) {
  return state === "done" || state === "undone" ? named("did", action) : `${named("action", action)}:`;
}

/** Why, with its rule. @param {{because: string, rule: string}} entry */
export function reason({ because, rule }) {
  return `${capitalised(because)} (${t("rule.name", { rule: spaced(rule) })})`;
}

/** How it ended. @param {{state: string, outcome: string | null}} entry */
export function ending({ state, outcome }) {
  const word = capitalised(named("ledger", state));
  return outcome ? `${word}: ${outcome}` : word;
}

/** How good or bad a state is, as the colour of its chip. @param {string} state */
export function kindOf(state) {
  return { done: "good", failed: "bad", awaiting_approval: "wait", planned: "busy" }[state] ?? "still";
}

/** Whether a removal can be taken back; the daemon decides. @param {{action: string, state: string, notes: Record<string, any>}} entry */
export function canUndo({ action, state, notes }) {
  return UNDOABLE.has(action) && Boolean((state === "done" && notes.torrent_file) || (state === "planned" && notes.until));
}

const COLUMNS = ["plannedAt", "updatedAt", "category", "instance", "action", "name", "hash", "rule", "because", "state", "outcome"];

/** Entries as CSV with a heading. A cell that a spreadsheet would calculate is quoted as text.
 * @param {Record<string, any>[]} entries @param {string[]} columns */
export function asCsv(entries, columns = COLUMNS) {
  const cell = (value) => {
    const text = String(value ?? "");
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns, ...entries.map((entry) => columns.map((name) => entry[name]))].map((row) => row.map(cell).join(",")).join("\r\n");
}

const AGAIN = "again for ";

/** What a worker searched last, of its summary in `GET …/processes`. @param {string} summary */
export const searched = (summary) =>
  summary.startsWith(AGAIN) ? t("worker.searched.again", { name: summary.slice(AGAIN.length) }) : t("worker.searched", { name: summary });
