// <qb-room>: which seeds of each Arr would go for space, in which order, and why the others stay. A dry run.
import { read } from "../api.js";
import { Element, gathered, html, nothing } from "../element.js";
import { capitalised, formatBytes, formatCount } from "../format.js";
import { chip } from "../parts/chip.js";
import "../parts/time.js";
import { explain } from "../opentorrent.js";
import { typedParam } from "../router.js";
import { formatRoute } from "../urlstate.js";
import { locale, t } from "../words.js";

const GIB = 2 ** 30;
const FIRST = 20;

class Room extends Element {
  static properties = { route: {}, plans: { state: true }, whole: { state: true } };
  #size = "";
  #reload = gathered(() => this.#load(), 1000);
  #find = typedParam("gib", {}, 400);

  constructor() {
    super();
    /** @type {import("../urlstate.js").Route} */
    this.route = { view: "room", path: [], params: {} };
    /** Each Arr with its plan, or why there is none.
     * @type {{arr: import("../answers.js").ArrView, plan: import("../answers.js").RoomView | null, error: string}[]} */
    this.plans = [];
    /** Categories of which all rows are shown. @type {string[]} */
    this.whole = [];
  }

  connectedCallback() {
    super.connectedCallback();
    if (this.loaded) {
      this.#load(); // nothing was followed while another view was shown
    }
    this.follow(["config"], () => this.#load());
    this.follow(["process"], ({ category }) => this.plans.some(({ arr, plan }) => arr.category === category && !plan) && this.#reload());
    this.follow(["connection"], ({ again }) => again && this.#load());
  }

  willUpdate(changed) {
    const size = String(this.route.params.gib ?? "");
    if (changed.has("route") && (!this.loaded || size !== this.#size)) {
      this.#size = size;
      this.#load();
    }
  }

  #load() {
    const all = async () => {
      const { arr } = await read("arr");
      return Promise.all(arr.map(async (one) => ({ arr: one, ...(await this.#plan(one.category)) })));
    };
    this.load(all, (plans) => (this.plans = plans), this.#size);
  }

  async #plan(category) {
    const bytes = Math.max(0, Math.round(Number(this.#size || 0) * GIB)) || 0;
    try {
      return { plan: await read(`arr/${encodeURIComponent(category)}/room`, { bytes }), error: "" };
    } catch (error) {
      if (error.status === 503) {
        return { plan: null, error: error.message };
      }
      throw error;
    }
  }

  render() {
    return html`
      <header class="head"><h1>${t("view.room")}</h1></header>
      <p class="muted spaced">${t("room.about")}</p>
      <form class="filters" @submit=${(event) => event.preventDefault()}>
        <label>${t("room.size")}<input type="number" min="0" step="1" .value=${String(this.route.params.gib ?? "")} @input=${this.#find} /></label>
      </form>
      ${this.note()}
      ${this.loaded && !this.plans.length ? html`<p class="empty">${t("library.no.arr")}</p>` : nothing}
      ${this.plans.map(({ arr, plan, error }) => html`<section aria-label=${arr.name}>
        <h2 class="row"><span class="grow">${arr.name} <span class="muted">${arr.category}</span></span>
          ${plan ? chip(t(plan.enabled ? "room.on" : "room.off"), plan.enabled ? "busy" : "still") : nothing}
          <a class="button" href=${formatRoute("config", [arr.name.replaceAll(" ", "-")], { q: "MakeRoom" })}>${t("configure")}</a></h2>
        ${plan ? this.#content(arr.category, plan) : html`<p class="muted">${error}</p>`}
      </section>`)}
    `;
  }

  /** @param {import("../answers.js").SeedView} row */
  #row({ hash, name, goes, because, superseded, freesBytes, sizeBytes, otherSeeders, uploadPerDay, completedAt }) {
    const size = (bytes) => formatBytes(bytes, locale);
    return html`<li class="seed">
      <div class="row">${chip(t(goes ? "room.goes" : "room.stays"), goes ? "bad" : "still")} ${superseded ? chip(t("room.superseded"), "wait") : nothing}
        <button type="button" class="link" data-row @click=${() => explain(hash, name)}>${name}</button></div>
      <p class="muted">${capitalised(because)}</p>
      <dl class="numbers">
        <div><dt>${t("room.freed")}</dt><dd>${size(freesBytes ?? sizeBytes)}${freesBytes === null ? " ?" : nothing}</dd></div>
        <div><dt>${t("room.others")}</dt><dd>${formatCount(otherSeeders, locale)}</dd></div>
        <div><dt>${t("room.upload")}</dt><dd>${size(uploadPerDay)}</dd></div>
        <div><dt>${t("room.complete")}</dt><dd><qb-time at=${completedAt}></qb-time></dd></div>
      </dl>
    </li>`;
  }

  /** @param {string} category @param {import("../answers.js").RoomView} plan */
  #content(category, { stopped, download, lacksBytes, freesBytes, seeds, sizeBytes, lookedUp, rows }) {
    const size = (bytes) => formatBytes(bytes, locale);
    const listed = this.whole.includes(category) ? rows : rows.slice(0, FIRST);
    return html`
      ${stopped ? html`<p class="note spaced" data-kind="bad">${capitalised(stopped)}</p>` : nothing}
      <p class="muted spaced">${download ? t("room.for", { name: download, size: size(lacksBytes) }) : lacksBytes ? t("room.need", { size: size(lacksBytes) }) : t("room.all")}
        ${t("room.frees", { size: size(freesBytes), n: seeds, all: size(sizeBytes) })} ${lookedUp ? nothing : t("room.unknown")}</p>
      ${rows.length
        ? html`<ol class="entries" data-rows>${listed.map((row) => this.#row(row))}</ol>
          ${listed.length < rows.length
            ? html`<p class="center spaced"><button type="button" @click=${() => (this.whole = [...this.whole, category])}>${t("more")}</button></p>`
            : nothing}`
        : html`<p class="empty">${t("room.none")}</p>`}
    `;
  }
}

customElements.define("qb-room", Room);
