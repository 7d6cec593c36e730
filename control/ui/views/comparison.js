// <qb-comparison>: what Shadow would have done to torrents beside what others did, by class and day.
import { read } from "../api.js";
import { followsChanges } from "../appearance.js";
import { perDay } from "../days.js";
import { Element, html, nothing } from "../element.js";
import { capitalised, formatDuration } from "../format.js";
import { exportList, LARGEST_PAGE } from "../listexport.js";
import { explain } from "../opentorrent.js";
import { bars } from "../parts/bars.js";
import { chip } from "../parts/chip.js";
import { day, fold, pick } from "../parts/filterfields.js";
import { setParams } from "../router.js";
import { asCsv, reason } from "../sentences.js";
import { repeat } from "../vendor/lit.js";
import { locale, named, t } from "../words.js";

const PAGE = 50;
const DAYS = 14;
const KINDS = ["agree", "only_theirs", "only_ours", "earlier", "later", "not_known"];
const COLOURS = { agree: "good", only_theirs: "bad", only_ours: "wait", earlier: "busy", later: "busy", not_known: "still" };
const COLUMNS = ["at", "category", "instance", "name", "hash", "kind", "seconds", "because", "ours.action", "ours.rule", "ours.because", "ours.at",
  "ours.expectedAt", "theirs.removedAt", "theirs.seenAt", "theirs.state", "theirs.movedTo", "theirs.blocklistedAt", "theirs.ignoredAt", "theirs.pausedAt", "theirs.taggedAt", "theirs.tags"];

class Comparison extends Element {
  static properties = { route: {}, torrents: { state: true }, next: { state: true }, days: { state: true }, categories: { state: true }, hasNews: { state: true } };

  constructor() {
    super();
    /** @type {import("../urlstate.js").Route} */
    this.route = { view: "comparison", path: [], params: {} };
    /** @type {import("../answers.js").ComparedTorrent[]} */
    this.torrents = [];
    /** @type {string | null} */
    this.next = null;
    /** @type {import("../answers.js").ComparedDays | null} */
    this.days = null;
    /** @type {string[]} */
    this.categories = [];
    /** Whether there is something new, which waits so that nothing moves under the pointer. */
    this.hasNews = false;
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow(["comparison"], () => followsChanges(this) && this.#changed());
    this.follow(["reset"], () => this.#load());
    this.follow(["connection"], ({ again }) => again && this.#load());
    read("processes").then(({ processes }) => (this.categories = processes.map(({ category }) => category))).catch(() => {});
  }

  willUpdate(changed) {
    if (changed.has("route")) {
      this.#load();
    }
  }

  get #query() {
    return { limit: PAGE, ...this.route.params };
  }

  #changed() {
    if (this.torrents.length) {
      this.hasNews = true;
    } else {
      this.#load();
    }
  }

  #load() {
    this.hasNews = false;
    const { category = "" } = this.route.params;
    const both = () => Promise.all([
      read("comparison", this.#query),
      read("comparison/days", { days: DAYS, offset_minutes: -new Date().getTimezoneOffset(), category }),
    ]);
    this.load(both, ([{ torrents, next }, days]) => {
      this.torrents = torrents;
      this.next = next;
      this.days = days;
    }, JSON.stringify(this.route.params));
  }

  #more() {
    return this.loadMore(() => this.next, (after) => read("comparison", { ...this.#query, after }), ({ torrents, next }) => {
      this.torrents = [...this.torrents, ...torrents];
      this.next = next;
    });
  }

  render() {
    return html`
      <header class="head">
        <h1>${t("view.comparison")}</h1>
        <div class="row">
          <button type="button" @click=${() => this.#export("json")}>${t("export")} JSON</button>
          <button type="button" @click=${() => this.#export("csv")}>${t("export")} CSV</button>
        </div>
      </header>
      <p class="muted spaced">${t("beside.text")}</p>
      ${this.days ? this.#days(this.days) : nothing}
      ${this.#filters()}
      ${this.hasNews ? html`<p><button type="button" class="strong" @click=${() => this.#load()}>${t("beside.new")}</button></p>` : nothing}
      ${this.note()}
      ${this.torrents.length ? html`<ol class="entries" data-rows>${repeat(this.torrents, ({ hash, instance, at }) => `${hash} ${instance} ${at}`, (one) => this.#row(one))}</ol>` : this.#nothing()}
      ${this.next
        ? html`<p class="center more"><button type="button" @click=${() => this.#more()}>${t("more")}</button></p>`
        : this.torrents.length ? html`<p class="center muted">${t("activity.end")}</p>` : nothing}
    `;
  }

  /** @param {import("../answers.js").ComparedDays} days */
  #days({ first, last, counts, searches, gaps, counted_since: since }) {
    const activity = { first, last, counts: counts.map(({ day, kind, number }) => ({ day, action: kind, number })) };
    const sum = (name) => searches.reduce((total, one) => total + one[name], 0).toLocaleString(locale);
    return html`<section aria-labelledby="beside-days">
      <h2 id="beside-days">${t("days")}</h2>
      <div class="cards days spaced">${KINDS.map((kind) => bars(named("beside", kind), perDay(activity, [kind]), (number) => number.toLocaleString(locale), COLOURS[kind]))}</div>
      <p class="muted spaced">${t("beside.searches", { theirs: sum("theirs"), ours: sum("ours"), both: sum("both") })}
        ${gaps.length ? t("beside.gaps", { n: gaps.length }) : nothing}
        ${since ? html`${t("beside.counted")} <qb-time at=${since}></qb-time>.` : nothing}</p>
    </section>`;
  }

  #filters() {
    const { params } = this.route;
    return html`<form class="filters" role="search" @submit=${(event) => event.preventDefault()}>
      ${fold(html`${pick(params, "kind", t("beside.kind"), KINDS, (name) => named("beside", name))}
      ${pick(params, "category", t("category"), this.categories, (name) => name)}
      ${day(params, "since")}
      ${day(params, "until")}`, Object.keys(params).length)}
    </form>`;
  }

  #nothing() {
    if (!this.loaded || this.error) {
      return nothing;
    }
    const names = Object.keys(this.route.params);
    return names.length
      ? html`<p class="empty">${t("beside.filtered")} <button type="button" @click=${() => setParams(Object.fromEntries(names.map((name) => [name, ""])))}>${t("clear")}</button></p>`
      : html`<p class="empty">${t("beside.none")}</p>`;
  }

  /** @param {import("../answers.js").ComparedTorrent} one */
  #row(one) {
    const { at, hash, name, kind, seconds, because, ours, theirs } = one;
    return html`<li class="entry" data-kind=${kind}>
      <qb-time at=${at}></qb-time>
      <div>
        <p class="deed"><button type="button" class="link" data-row @click=${() => explain(hash, name)}>${name}</button></p>
        <dl class="pair">
          <div><dt>qbitrr</dt>${ours ? this.#ours(ours) : html`<dd>${t("beside.unjudged")}</dd>`}</div>
          <div><dt>${t("beside.others")}</dt>${this.#theirs(theirs)}</div>
        </dl>
        ${because ? html`<p class="muted">${capitalised(because)}</p>` : nothing}
      </div>
      <div class="aside">
        ${chip(named("beside", kind), COLOURS[kind])}
        ${seconds === null ? nothing : html`<span class="muted">${formatDuration(seconds)}</span>`}
        <span class="muted">${one.category}</span>
      </div>
    </li>`;
  }

  /** @param {import("../answers.js").OursView} ours */
  #ours(ours) {
    return html`<dd>${ours.at ? html`${t("beside.would")} <qb-time at=${ours.at}></qb-time>` : t("beside.kept")}</dd>
      <dd class="muted">${reason(ours)}</dd>
      ${ours.expectedAt && !ours.at ? html`<dd class="muted">${t("beside.expected")} <qb-time at=${ours.expectedAt}></qb-time></dd>` : nothing}`;
  }

  /** @param {import("../answers.js").TheirsView} theirs */
  #theirs({ removedAt, seenAt, state, movedTo, blocklistedAt, ignoredAt, pausedAt, taggedAt, tags }) {
    const left = movedTo === null ? t("beside.removed") : t("beside.moved", { category: movedTo });
    const tagged = t("beside.tagged", { tags: tags.join(", ") });
    const did = [[left, removedAt], [t("beside.blocklisted"), blocklistedAt], [t("beside.ignored"), ignoredAt], [t("beside.paused"), pausedAt], [tagged, taggedAt]].filter(([, at]) => at);
    return html`${did.length ? did.map(([what, at]) => html`<dd>${what} <qb-time at=${at}></qb-time></dd>`) : html`<dd>${t("beside.nothing")}</dd>`}
      ${seenAt ? html`<dd class="muted">${t("beside.seen")} <qb-time at=${seenAt}></qb-time>${state ? ` (${state})` : ""}</dd>` : nothing}`;
  }

  /** @param {"json" | "csv"} form */
  #export(form) {
    const query = this.#query; // also when another filter is chosen meanwhile
    const page = async (after) => {
      const { torrents, next } = await read("comparison", { ...query, limit: LARGEST_PAGE, after });
      return { entries: torrents, next };
    };
    return exportList("side-by-side", form, page, (all) => asCsv(all.map(flat), COLUMNS));
  }
}

/** A row with both sides as columns. @param {import("../answers.js").ComparedTorrent} one @returns {Record<string, any>} */
function flat({ ours, theirs, ...others }) {
  const side = (name, values) => Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [`${name}.${key}`, value]));
  return { ...others, ...side("ours", ours), ...side("theirs", theirs) };
}

customElements.define("qb-comparison", Comparison);
