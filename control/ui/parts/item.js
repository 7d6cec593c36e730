// <qb-item-history>: how often a movie, an episode or an album was searched, and all that happened to its downloads.
import { read } from "../api.js";
import { Element, html, nothing } from "../element.js";
import { explain } from "../opentorrent.js";
import { t } from "../words.js";
import { show } from "./dialog.js";
import { actionRow, eventRow } from "./event.js";
import "./time.js";

class ItemHistory extends Element {
  static properties = { category: {}, item: {}, known: { state: true }, timeline: { state: true } };

  constructor() {
    super();
    this.category = "";
    this.item = 0;
    /** @type {import("../answers.js").ItemHistory | null} */
    this.known = null;
    /** What happened; null until all have answered. @type {import("../answers.js").ItemTimeline | null} */
    this.timeline = null;
  }

  willUpdate(changed) {
    if ((changed.has("item") || changed.has("category")) && this.item) {
      this.known = this.timeline = null;
      const { item } = this;
      const path = `arr/${encodeURIComponent(this.category)}/items/${item}`;
      this.load(() => read(`${path}/history`), (answer) => (this.known = answer));
      const none = { events: [], missing: [] }; // our own actions are there without it
      read(`${path}/timeline`).catch(() => none).then((answer) => item === this.item && (this.timeline = answer));
    }
  }

  render() {
    const { searches = 0, searchedAt = null, downloads = 0, imported = 0, failed = 0 } = this.known ?? {};
    return html`${this.note()}
      ${this.known
        ? html`<p>${t("item.searched", { n: searches })} ${searchedAt ? html`<qb-time class="muted" at=${searchedAt}></qb-time>` : nothing}</p>
            <p>${t("item.downloads", { n: downloads, imported, failed })}</p>
            ${this.#events()}
            ${this.timeline ? nothing : html`<p class="muted" role="status">${t("history.asking")}</p>`}
            ${(this.timeline?.missing ?? []).map(({ category, error }) => html`<p class="note" data-kind="wait">${t("history.missing", { category, error })}</p>`)}`
        : nothing}`;
  }

  #events() {
    const events = this.timeline?.events ?? [];
    if (events.length) {
      return html`<ol class="timeline">${[...events].reverse().map((event) => (event.decision ? action(event.decision) : eventRow(event)))}</ol>`;
    }
    const { decisions = [] } = this.known ?? {};
    return decisions.length ? html`<ol class="timeline">${decisions.map(action)}</ol>` : nothing;
  }
}

/** An action of ours, with the torrent that it was about. @param {import("../answers.js").Decision} entry */
const action = (entry) =>
  actionRow(entry, html`<p><button type="button" class="link" @click=${() => explain(entry.hash, entry.name)}>${entry.name}</button></p>`);

customElements.define("qb-item-history", ItemHistory);

/** Shows what became of the searches for one item. */
export const showItem = (category, id, title) =>
  show(title, html`<qb-item-history .category=${category} .item=${id}></qb-item-history>`);
