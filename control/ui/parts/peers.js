// <qb-peers>: one card for each of the other daemons, and the way to its own page. Nothing without any.
import { read } from "../api.js";
import { Element, html, nothing } from "../element.js";
import { formatRate } from "../format.js";
import { locale, named, t } from "../words.js";
import { chip } from "./chip.js";

const REFRESH_MS = 60_000;
const KINDS = { answers: "good", away: "bad", refused: "bad" };

class Peers extends Element {
  static properties = { peers: { state: true } };
  #timer = 0;

  constructor() {
    super();
    /** @type {import("../answers.js").PeerView[]} */
    this.peers = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
    this.follow(["config"], () => this.#load());
    this.follow(["connection"], ({ again }) => again && this.#load());
    this.#timer = setInterval(() => this.peers.length && !document.hidden && this.#load(), REFRESH_MS); // they send no events
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  #load() {
    this.load(() => read("peers"), ({ peers }) => (this.peers = peers));
  }

  failed() {} // other parts say that nothing can be read

  render() {
    return this.peers.length
      ? html`<section aria-labelledby="peers-title">
          <h2 id="peers-title">${t("peers")}</h2>
          <ul class="cards">${this.peers.map((peer) => this.#card(peer))}</ul>
        </section>`
      : nothing;
  }

  /** @param {import("../answers.js").PeerView} peer */
  #card({ name, url, state, version, numbers, because }) {
    return html`<li class="card">
      <p class="row"><a class="grow" href="${url}/ui"><strong>${name}</strong></a> ${chip(named("peer", state), KINDS[state])}</p>
      ${numbers
        ? html`<p class="muted">${version ?? "–"} · ${t("peers.workers", { well: numbers.workersWell, all: numbers.workers })} · ${t("torrents.count", { n: numbers.torrents })}</p>
            ${numbers.needsYou ? html`<p><a href="${url}/ui#/overview">${t("peers.needs", { n: numbers.needsYou })}</a></p>` : nothing}
            <dl class="numbers">
              <div><dt>${t("qbit.down")}</dt><dd>${formatRate(numbers.downloadRate, locale)}</dd></div>
              <div><dt>${t("qbit.up")}</dt><dd>${formatRate(numbers.uploadRate, locale)}</dd></div>
            </dl>`
        : html`<p class="muted">${because}</p>`}
    </li>`;
  }
}

customElements.define("qb-peers", Peers);
