// <qb-time at="2026-11-25T12:00:00Z">: the time relative to now, the exact one on hover. It keeps itself right.
import { Element, html, nothing } from "../element.js";
import { changesIn, formatExact, formatRelative } from "../format.js";
import { locale } from "../words.js";

class Time extends Element {
  static properties = { at: {} };
  #timer = 0;

  constructor() {
    super();
    this.at = "";
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  connectedCallback() {
    super.connectedCallback();
    this.requestUpdate();
  }

  render() {
    clearTimeout(this.#timer);
    if (!this.at) {
      return nothing;
    }
    const now = Date.now();
    this.#timer = setTimeout(() => this.requestUpdate(), Math.min(changesIn(this.at, now), 3_600_000));
    return html`<time datetime=${this.at} title=${formatExact(this.at, locale)}>${formatRelative(this.at, now, locale)}</time>`;
  }
}

customElements.define("qb-time", Time);
