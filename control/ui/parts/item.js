// <qb-item-history>: how often a movie, an episode or an album was searched, and what became of its downloads.
import { read } from "../api.js";
import { Element, html, nothing } from "../element.js";
import { t } from "../words.js";
import { show } from "./dialog.js";
import { entryRow } from "./entry.js";
import "./time.js";

class ItemHistory extends Element {
  static properties = { category: {}, item: {}, known: { state: true } };

  constructor() {
    super();
    this.category = "";
    this.item = 0;
    /** @type {import("../answers.js").ItemHistory | null} */
    this.known = null;
  }

  willUpdate(changed) {
    if ((changed.has("item") || changed.has("category")) && this.item) {
      this.known = null;
      this.load(() => read(`arr/${encodeURIComponent(this.category)}/items/${this.item}/history`), (answer) => (this.known = answer));
    }
  }

  render() {
    const { searches = 0, searchedAt = null, downloads = 0, imported = 0, failed = 0, decisions = [] } = this.known ?? {};
    return html`${this.note()}
      ${this.known
        ? html`<p>${t("item.searched", { n: searches })} ${searchedAt ? html`<qb-time class="muted" at=${searchedAt}></qb-time>` : nothing}</p>
            <p>${t("item.downloads", { n: downloads, imported, failed })}</p>
            ${decisions.length ? html`<ul class="entries">${decisions.map(entryRow)}</ul>` : nothing}`
        : nothing}`;
  }
}

customElements.define("qb-item-history", ItemHistory);

/** Shows what became of the searches for one item. */
export const showItem = (category, id, title) =>
  show(title, html`<qb-item-history .category=${category} .item=${id}></qb-item-history>`);
