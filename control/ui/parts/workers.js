// <qb-workers>: one card for each worker, changed in place as it reports.
import { read, write } from "../api.js";
import { Element, gathered, html, nothing } from "../element.js";
import { formatBytes, formatCount, formatDuration } from "../format.js";
import { searched } from "../sentences.js";
import { repeat } from "../vendor/lit.js";
import { locale, named, t } from "../words.js";
import { chip } from "./chip.js";
import { confirmed } from "./dialog.js";
import { attempt } from "./toasts.js";

/** From here on it is worth saying that an Arr is slow: its users wait for the same list. */
const SLOW_SECONDS = 5;
const KINDS = { running: "good", starting: "busy", backoff: "wait", waiting: "wait", stopping: "busy", stopped: "still" };

class Workers extends Element {
  static properties = { workers: { state: true }, arrs: { state: true } };
  #readBudgets = gathered(() => this.isConnected && this.#loadBudgets(), 2000);

  constructor() {
    super();
    /** @type {import("../answers.js").ProcessView[]} */
    this.workers = [];
    /** @type {Record<string, import("../answers.js").ArrView>} */
    this.arrs = {};
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
    this.follow(["process"], (changed) => this.#changed(changed));
    this.follow(["reset"], () => this.#load());
    this.follow(["connection"], ({ again }) => again && this.#load());
  }

  #load() {
    this.load(() => read("processes"), ({ processes }) => (this.workers = processes));
    this.#loadBudgets();
  }

  #loadBudgets() {
    read("arr").then(({ arr }) => (this.arrs = Object.fromEntries(arr.map((one) => [one.category, one]))), () => {}); // the cards are there without it
  }

  #changed(changed) {
    this.#readBudgets();
    if (changed.state === "gone") {
      this.workers = this.workers.filter(({ category }) => category !== changed.category);
    } else if (this.workers.some(({ category }) => category === changed.category)) {
      this.workers = this.workers.map((worker) => (worker.category === changed.category ? changed : worker));
    } else {
      this.workers = [...this.workers, changed];
    }
  }

  render() {
    return html`<section aria-labelledby="workers-title">
      <h2 id="workers-title">${t("workers")}</h2>
      ${this.note()}
      ${this.loaded && !this.workers.length ? html`<p class="muted">${t("workers.none")}</p>` : nothing}
      <ul class="cards">${repeat(this.workers, ({ category }) => category, (worker) => this.#card(worker))}</ul>
    </section>`;
  }

  #card(worker) {
    const { category, name, phase, kind, searchSummary, searchTimestamp, queueCount, categoryCount, rss, restarts, waitingFor, lastError } = worker;
    const arr = this.arrs[category];
    const listSeconds = arr?.listSeconds ?? 0;
    const waits = waitingFor && waitingFor !== "approval";
    const trouble = ["degraded", "held", "hanging", "backoff"].includes(phase) && waitingFor !== "approval";
    return html`<li class="card worker" data-phase=${phase}>
      <p class="row"><strong class="grow">${name.replace(/ Manager$/, "")}</strong> ${chip(named("state", phase), KINDS[phase] ?? "bad")}</p>
      <p class="muted">${category} · ${named("kind", kind)} · <span title=${t("worker.memory")}>${formatBytes(rss, locale)}</span></p>
      <p class="summary clip" title=${searchSummary ?? ""}>${searchSummary
        ? html`${searched(searchSummary)} ${searchTimestamp ? html`<qb-time class="muted" at=${searchTimestamp}></qb-time>` : nothing}`
        : html`<span class="muted">${t("worker.not.searched")}</span>`}</p>
      ${waits || (trouble && lastError)
        ? html`<p class="reason">${waits ? html`${t("worker.waits", { service: waitingFor })}. ` : nothing}${lastError}</p>`
        : nothing}
      ${listSeconds >= SLOW_SECONDS
        ? html`<p class="muted">${t("worker.slow", { name: arr.name, time: formatDuration(listSeconds) })}</p>`
        : nothing}
      <dl class="numbers">
        <div><dt>${t("worker.torrents")}</dt><dd>${formatCount(categoryCount, locale)}</dd></div>
        <div><dt>${t("worker.queue")}</dt><dd>${formatCount(queueCount, locale)}</dd></div>
        ${arr ? html`<div><dt>${t("worker.searches.left")}</dt><dd title=${t("plan.hour", { n: arr.searchesPerHour })}>${formatCount(Math.max(0, arr.searchesLeft), locale)}</dd></div>` : nothing}
      </dl>
      <footer>
        <button type="button" aria-label="${t("restart")}: ${category}" @click=${() => this.#restart(category)}>${t("restart")}</button>
        ${restarts ? html`<span class="muted">${t("worker.restarts", { n: restarts })}</span>` : nothing}
      </footer>
    </li>`;
  }

  async #restart(category) {
    if (await confirmed(t("restart.title", { category }), t("restart.text"), t("restart"))) {
      await attempt(() => write(`processes/${encodeURIComponent(category)}/all/restart`));
    }
  }
}

customElements.define("qb-workers", Workers);
