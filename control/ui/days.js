// Counts of the days as rows of numbers. Pure.

const DAY_MS = 86_400_000;

/** Sums the counts of some actions for every day from first to last. @param {{first: string, last: string, counts: {day: string, action: string, number: number}[]}} activity @param {string[]} actions */
export function perDay({ first, last, counts }, actions) {
  const start = Date.parse(first);
  const days = Math.round((Date.parse(last) - start) / DAY_MS) + 1;
  const numbers = Array(days).fill(0);
  for (const { day, action, number } of counts) {
    if (actions.includes(action)) {
      numbers[Math.round((Date.parse(day) - start) / DAY_MS)] += number;
    }
  }
  return numbers;
}
