// <qb-qbittorrents>: one card for each qBittorrent, as the workers see it.
import { read } from "../api.js";
import { Element, html, nothing } from "../element.js";
import { formatBytes, formatRate } from "../format.js";
import { formatRoute } from "../urlstate.js";
import { locale, named, t } from "../words.js";
import { chip } from "./chip.js";
import "./supervisor.js";

const KINDS = { connected: "good", firewalled: "wait", disconnected: "bad", unknown: "bad" };

class Qbittorrents extends Element {
  static properties = { clients: { state: true } };

  constructor() {
    super();
    /** @type {import("../answers.js").QbittorrentView[]} */
    this.clients = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
    this.follow(["qbittorrent"], ({ qbittorrents }) => (this.clients = qbittorrents));
    this.follow(["reset"], () => this.#load());
    this.follow(["connection"], ({ again }) => again && this.#load());
  }

  #load() {
    this.load(() => read("qbittorrents"), ({ qbittorrents }) => (this.clients = qbittorrents));
  }

  render() {
    return html`<section aria-labelledby="clients-title">
      <h2 id="clients-title">${t("qbittorrents")}</h2>
      ${this.note()}
      ${this.loaded && !this.clients.length ? html`<p class="muted">${t("qbittorrents.none")}</p>` : nothing}
      <ul class="cards">${this.clients.map((client) => this.#card(client))}<li><qb-supervisor></qb-supervisor></li></ul>
    </section>`;
  }

  #card({ section, version, connection, downloadRate, uploadRate, freeBytes, torrents }) {
    return html`<li class="card">
      <p class="row"><strong class="grow">${section}</strong> ${chip(named("connection", connection), KINDS[connection])}</p>
      <p class="muted">${version ?? "–"} · <a href=${formatRoute("torrents", [], { instance: section })}>${t("torrents.count", { n: torrents })}</a></p>
      <dl class="numbers">
        <div><dt>${t("qbit.down")}</dt><dd>${formatRate(downloadRate, locale)}</dd></div>
        <div><dt>${t("qbit.up")}</dt><dd>${formatRate(uploadRate, locale)}</dd></div>
        <div><dt>${t("qbit.free")}</dt><dd>${formatBytes(freeBytes, locale)}</dd></div>
      </dl>
    </li>`;
  }
}

customElements.define("qb-qbittorrents", Qbittorrents);
