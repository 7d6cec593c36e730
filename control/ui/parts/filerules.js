// <qb-file-rules>: what the rules for unwanted files, as they are being filled in, make of the files of a torrent.
import { read, write } from "../api.js";
import { Element, html, nothing, settled } from "../element.js";
import { formatBytes } from "../format.js";
import { locale, t } from "../words.js";
import { chip } from "./chip.js";

const OFFERED = 20;

class FileRules extends Element {
  static properties = { section: {}, category: {}, rules: { attribute: false }, offered: { state: true }, hash: { state: true }, found: { state: true } };
  /** What the result is of. */
  #tried = "";
  #find = settled((text) => this.#offer(text), 250);

  constructor() {
    super();
    this.section = "";
    this.category = "";
    /** @type {Record<string, any>} */
    this.rules = {};
    /** @type {import("../answers.js").TorrentView[]} */
    this.offered = [];
    this.hash = "";
    /** @type {import("../answers.js").CheckedFiles | null} */
    this.found = null;
    this.loaded = true;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#offer("");
  }

  willUpdate(changed) {
    if (changed.has("section") && changed.get("section")) {
      this.hash = "";
      /** @type {HTMLInputElement} */ (this.querySelector("[type=search]")).value = "";
      this.#offer("");
    }
    const asked = this.#asked;
    if (this.found && asked !== this.#tried) {
      this.found = null; // it is of other rules, or of another torrent
    }
  }

  /** What is tried: rules and torrent. */
  get #asked() {
    return JSON.stringify([this.section, this.hash, this.rules]);
  }

  #offer(q) {
    this.loadPart("offered", () => read("torrents", { category: this.category, q, limit: OFFERED }), ({ torrents }) => {
      this.offered = torrents;
      this.hash = torrents.some(({ hash }) => hash === this.hash) ? this.hash : torrents[0]?.hash ?? "";
    });
  }

  #check(event) {
    event.preventDefault();
    const asked = this.#asked;
    this.load(() => write(`torrents/${encodeURIComponent(this.hash)}/check-files`, { section: this.section, ...this.rules }), (found) => {
      this.#tried = asked;
      this.found = found;
    });
  }

  render() {
    return html`<form class="stack" @submit=${(event) => this.#check(event)}>
      <h3>${t("files.title")}</h3>
      <p class="muted">${t("files.about")}</p>
      <div class="filters">
        <label>${t("files.find")}<input type="search" @input=${(event) => this.#find(event.target.value)} /></label>
        <label class="grow">${t("files.torrent")}<select @change=${(event) => (this.hash = event.target.value)}>
          ${this.offered.map(({ hash, name }) => html`<option value=${hash} .selected=${hash === this.hash}>${name}</option>`)}
        </select></label>
        <button ?disabled=${!this.hash}>${t("files.try")}</button>
      </div>
      ${this.offered.length ? nothing : html`<p class="muted">${t("files.no.torrent")}</p>`}
      ${this.error ? this.note() : nothing}
      ${this.found ? this.#result(this.found) : nothing}
    </form>`;
  }

  /** @param {import("../answers.js").CheckedFiles} found */
  #result({ files, complete, playable, foreign, faults }) {
    const excluded = files.filter(({ excludedBy }) => excludedBy).length;
    return html`<div class="stack" role="status">
      <p><strong>${t("files.result", { n: excluded, all: files.length })}</strong> ${t("files.playable", { n: playable })}</p>
      ${foreign ? html`<p class="note" data-kind="wait">${t("files.foreign", { why: foreign })}</p>` : nothing}
      ${faults.map(({ pattern, fault }) => html`<p class="note" data-kind="bad"><code>${pattern}</code> ${fault}</p>`)}
      ${complete ? nothing : html`<p class="note" data-kind="wait">${t("files.more")}</p>`}
    </div>
    <ul class="entries">${files.map(({ path, sizeBytes, excludedBy }) => html`<li class="item">
      <span class="grow file">${path} <span class="muted number">${formatBytes(sizeBytes, locale)}</span></span>
      ${excludedBy ? chip(excludedBy, "wait") : chip(t("files.kept"), "good")}</li>`)}</ul>`;
  }
}

customElements.define("qb-file-rules", FileRules);
