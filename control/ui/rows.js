// Which rows of a long list are to be drawn. Pure.

/** The first row and the one after the last, with some beyond both edges of the window.
 * @param {{above: number, height: number, row: number, total: number, spare?: number}} place pixels, and numbers of rows */
export function visible({ above, height, row, total, spare = 8 }) {
  const first = Math.max(0, Math.floor(above / row) - spare);
  const last = Math.min(total, Math.ceil((above + height) / row) + spare);
  return { first: Math.min(first, last), last };
}
