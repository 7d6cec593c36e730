// Pages of a list that go on where the page before ended. Pure.

/** The places of a list's pages, as far as they were seen; `of` another list it starts without any.
 * @param {string} list what the list is, with its conditions */
export function pagePlaces(list = "") {
  /** @type {Map<number, string>} */
  const ends = new Map();
  return {
    /** @param {string} other */
    of(other) {
      return other === list ? this : pagePlaces(other);
    },
    /** What a page goes on after; empty when the page before it was not seen. @param {number} page */
    before: (page) => ends.get(page - 1) ?? "",
    /** Keeps where a page ended. @param {number} page @param {string | null} place */
    ends(page, place) {
      if (place) {
        ends.set(page, place);
      } else {
        ends.delete(page);
      }
    },
  };
}
