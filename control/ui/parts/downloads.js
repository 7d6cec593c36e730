// <qb-downloads>: backups of the state file, for those who may have them, and how workers ended abnormally.
import { addressOf, read } from "../api.js";
import { Element, html, nothing } from "../element.js";
import { formatBytes } from "../format.js";
import { locale, t } from "../words.js";
import "./time.js";

const HIDDEN = new Set([401, 403]);
const SHOWN = 5;

class Downloads extends Element {
  static properties = { backups: { state: true }, ends: { state: true }, all: { state: true } };

  constructor() {
    super();
    /** @type {import("../answers.js").BackupView[]} */
    this.backups = [];
    /** Workers that ended abnormally, each with the last time. @type {{category: string, at: string}[]} */
    this.ends = [];
    this.all = false;
  }

  connectedCallback() {
    super.connectedCallback();
    this.load(() => read("backups"), ({ backups }) => (this.backups = backups));
    this.#readEnds().catch(() => {}); // what cannot be read now is not offered
  }

  async #readEnds() {
    const { processes } = await read("processes");
    const categories = [...new Set(processes.map(({ category }) => category))];
    const found = await Promise.all(categories.map(async (category) => {
      const { evidence } = await read(`processes/${encodeURIComponent(category)}/evidence`, { limit: 1 });
      return evidence.map((/** @type {import("../answers.js").Ending} */ one) => ({ category, at: one.at }));
    }));
    this.ends = found.flat();
  }

  failed(error) {
    if (!HIDDEN.has(error.status)) {
      super.failed(error);
    }
  }

  render() {
    const shown = this.all ? this.backups : this.backups.slice(0, SHOWN);
    return html`
      ${this.error ? this.note() : nothing}
      ${shown.length
        ? html`<section class="panel" aria-labelledby="backups-title">
            <h2 id="backups-title">${t("backups.title")}</h2>
            <p class="muted">${t("backups.about")}</p>
            <ul>${shown.map(({ name, madeAt, sizeBytes }) => row(name, madeAt, addressOf(`backups/${encodeURIComponent(name)}/download`), name, formatBytes(sizeBytes, locale)))}</ul>
            ${shown.length < this.backups.length ? html`<p><button type="button" @click=${() => (this.all = true)}>${t("backups.all", { n: this.backups.length })}</button></p>` : nothing}
          </section>`
        : nothing}
      ${this.ends.length
        ? html`<section class="panel" aria-labelledby="evidence-title">
            <h2 id="evidence-title">${t("evidence.title")}</h2>
            <p class="muted">${t("evidence.about")}</p>
            <ul>${this.ends.map(({ category, at }) => row(category, at, addressOf(`processes/${encodeURIComponent(category)}/evidence`), `evidence-${category}.json`))}</ul>
          </section>`
        : nothing}
    `;
  }
}

/** A file with its time, and how to have it. @param {string} name @param {string} at @param {string} address @param {string} stored */
const row = (name, at, address, stored, size = "") => html`<li class="item">
  <span class="grow file">${name} <span class="muted"><qb-time at=${at}></qb-time>${size ? ` · ${size}` : ""}</span></span>
  <a class="button" href=${address} download=${stored.replaceAll("/", "-")} aria-label="${t("logs.download")}: ${name}">${t("logs.download")}</a>
</li>`;

customElements.define("qb-downloads", Downloads);
