// When a connection that was lost is tried again. Pure.

export const FIRST_PAUSE_MS = 1000;
/** A daemon that is back is found within this time. */
export const LONGEST_PAUSE_MS = 3000;
const GROWTH = 1.5;

/** The pause after one of `pause` that was in vain. @param {number} pause milliseconds */
export const longerPause = (pause) => Math.min(Math.max(pause, FIRST_PAUSE_MS) * GROWTH, LONGEST_PAUSE_MS);
