// <qb-plan>: what is searched next in each Arr, why, and what keeps it from being searched now.
import { read, write } from "../api.js";
import { Element, gathered, html, nothing } from "../element.js";
import { capitalised, formatExact } from "../format.js";
import { chip } from "../parts/chip.js";
import { showItem } from "../parts/item.js";
import { attempt } from "../parts/toasts.js";
import { repeat } from "../vendor/lit.js";
import { locale, named, t } from "../words.js";

const FIRST = 10;

class Plan extends Element {
  static properties = { route: {}, plans: { state: true }, whole: { state: true } };
  #reload = gathered(() => this.#load(), 2000);

  constructor() {
    super();
    this.route = { view: "plan", path: [], params: {} };
    /** @type {{arr: import("../answers.js").ArrView, plan: import("../answers.js").SearchPlan | null}[]} */
    this.plans = [];
    /** Categories of which all searches are shown. @type {string[]} */
    this.whole = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
    this.follow(["process", "reset"], () => this.#reload());
    this.follow(["connection"], ({ again }) => again && this.#load());
  }

  #load() {
    const all = async () => {
      const { arr } = await read("arr");
      return Promise.all(arr.map(async (one) => ({ arr: one, plan: await this.#plan(one.category) })));
    };
    this.load(all, (plans) => (this.plans = plans));
  }

  async #plan(category) {
    try {
      return await read(`arr/${encodeURIComponent(category)}/search-plan`);
    } catch (error) {
      if (error.status === 503) {
        return null; // there is none yet
      }
      throw error;
    }
  }

  async #pause(category, paused) {
    await attempt(() => write(`arr/${encodeURIComponent(category)}/search-pause`, { paused }));
    this.#load();
  }

  render() {
    return html`
      <header class="head"><h1>${t("view.plan")}</h1></header>
      ${this.note()}
      ${this.loaded && !this.plans.length ? html`<p class="empty">${t("library.no.arr")}</p>` : nothing}
      ${repeat(this.plans, ({ arr }) => arr.category, ({ arr, plan }) => html`<section aria-label=${arr.name}>
        <h2 class="row"><span class="grow">${arr.name} <span class="muted">${arr.category}</span></span>
          ${plan ? html`<button type="button" aria-pressed=${String(Boolean(plan.pausedAt))} @click=${() => this.#pause(arr.category, !plan.pausedAt)}>
            ${t(plan.pausedAt ? "plan.resume" : "plan.pause")}</button>` : nothing}</h2>
        ${plan ? this.#content(arr.category, plan) : html`<p class="muted">${t("plan.not.yet")}</p>`}
      </section>`)}
    `;
  }

  /** @param {string} category @param {import("../answers.js").SearchPlan} plan */
  #content(category, { searches, due, perHour, waitingFor, throughAt, left, pausedAt, pausedBy, leftOut, restingSeasons, queryLimits }) {
    const listed = this.whole.includes(category) ? searches : searches.slice(0, FIRST);
    return html`
      <p class="muted spaced">${t("plan.due", { n: due })}, ${t("plan.hour", { n: perHour })}, ${t("plan.left", { n: Math.max(0, left) })}.
        ${throughAt ? html`<span title=${formatExact(throughAt, locale)}>${t("plan.through.label")} <qb-time at=${throughAt}></qb-time>.</span>` : nothing}</p>
      ${pausedAt ? html`<p class="note spaced" data-kind="wait">${t("plan.paused", { by: pausedBy })} <qb-time at=${pausedAt}></qb-time></p>` : nothing}
      ${waitingFor && !pausedAt ? html`<p class="note spaced" data-kind="wait">${t("plan.waits", { reason: waitingFor })}</p>` : nothing}
      ${Object.entries(leftOut).map(([reason, n]) => html`<p class="muted spaced">${t("plan.left.out", { n, reason })}.</p>`)}
      ${queryLimits.length ? html`<p class="muted spaced">${t("plan.limits")}: ${queryLimits.map((one) =>
        t(one.windowSeconds > 3600 ? "plan.limit.day" : "plan.limit.hour", one)).join(", ")}.</p>` : nothing}
      ${restingSeasons.length ? html`<details class="spaced"><summary>${t("plan.resting", { n: restingSeasons.length })}</summary>
        <ul class="entries">${restingSeasons.map((one) => html`<li>${one.title} · ${t("library.season", { n: one.season })}
          <span class="muted">${t("plan.resting.until")} <qb-time at=${one.until}></qb-time></span></li>`)}</ul></details>` : nothing}
      ${searches.length
        ? html`<ol class="entries numbered" data-rows>${listed.map((search) => html`<li class="plan-row" tabindex="0" data-row>
            <span class="grow">${titleOf(category, search)}${search.season === null || search.season === undefined ? nothing : html` · ${t("library.season", { n: search.season })}`}
              ${search.why.toLowerCase() === search.reason.toLowerCase() ? nothing : html`<span class="muted">${capitalised(search.why)}</span>`}</span>
            ${chip(named("reason", search.reason), "busy")}
            ${(search.cost ?? 1) > 1 ? html`<span class="muted">${t("plan.cost", { n: search.cost })}</span>` : nothing}
          </li>`)}</ol>
          ${listed.length < searches.length
            ? html`<p class="center spaced"><button type="button" @click=${() => (this.whole = [...this.whole, category])}>${t("more")}</button></p>`
            : nothing}`
        : html`<p class="empty">${t("plan.none")}</p>`}
    `;
  }
}

/** The title, which leads to what happened to it when the search is for one item. */
const titleOf = (category, { title, itemIds }) =>
  itemIds.length === 1
    ? html`<button type="button" class="link" @click=${() => showItem(category, itemIds[0], title)}>${title}</button>`
    : title;

customElements.define("qb-plan", Plan);
