// Lines of a log with their levels. Pure.

export const LEVELS = /** @type {const} */ (["debug", "info", "warning", "error"]);
const LEVEL = /\[(debug|info|warning|error|critical)\s*\]/i;

/** The level of a line; a line without one, such as of a traceback, continues the one before. @param {string} line */
export function levelOf(line, before = "info") {
  const found = LEVEL.exec(line.slice(0, 80))?.[1].toLowerCase();
  return found === "critical" ? "error" : found ?? before;
}

/** Appends lines, and drops the oldest beyond a number. @param {{text: string, level: string}[]} lines @param {string} text */
export function appended(lines, text, most) {
  const added = [];
  let level = lines.at(-1)?.level ?? "info";
  for (const line of text.split("\n")) {
    level = levelOf(line, level);
    added.push({ text: line, level });
  }
  return [...lines, ...added].slice(-most);
}

/** Lines of at least a level that contain a text, in any case. @param {{text: string, level: string}[]} lines */
export function chosen(lines, level, text) {
  const lowest = Math.max(0, LEVELS.indexOf(level));
  const part = text.toLowerCase();
  return lines.filter((line) => LEVELS.indexOf(/** @type {any} */ (line.level)) >= lowest && line.text.toLowerCase().includes(part));
}
