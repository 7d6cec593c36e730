// Filters of lists, with how many rows each choice would leave. Pure.

/** @typedef {{rule: string, action: string, category: string, instance: string, number: number}} Kind */

export const FACETS = /** @type {const} */ (["category", "instance", "action", "rule"]);

/** The choices of one facet with their numbers under all other conditions, the most frequent first.
 * @param {Kind[]} kinds @param {typeof FACETS[number]} facet @param {Record<string, string>} chosen */
export function choices(kinds, facet, chosen) {
  const numbers = new Map();
  for (const kind of kinds) {
    const others = FACETS.every((name) => name === facet || !chosen[name] || kind[name] === chosen[name]);
    numbers.set(kind[facet], (numbers.get(kind[facet]) ?? 0) + (others ? kind.number : 0));
  }
  return [...numbers]
    .map(([value, number]) => ({ value, number }))
    .sort((one, other) => other.number - one.number || one.value.localeCompare(other.value));
}

/** How many rows meet all conditions. @param {Kind[]} kinds @param {Record<string, string>} chosen */
export function matching(kinds, chosen) {
  return kinds
    .filter((kind) => FACETS.every((name) => !chosen[name] || kind[name] === chosen[name]))
    .reduce((sum, { number }) => sum + number, 0);
}
