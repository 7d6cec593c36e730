// <qb-activity>: the ledger as sentences, with filters that are in the address.
import { read } from "../api.js";
import { followsChanges } from "../appearance.js";
import { Element, html, nothing } from "../element.js";
import { exportList, LARGEST_PAGE } from "../listexport.js";
import { entryRow } from "../parts/entry.js";
import { day, fold, pick } from "../parts/filterfields.js";
import { setParams, typedParam } from "../router.js";
import { asCsv } from "../sentences.js";
import { formatRoute } from "../urlstate.js";
import { repeat } from "../vendor/lit.js";
import { named, t } from "../words.js";

const PAGE = 50;
const ACTIONS = ["import", "manual_import", "fail", "fail_rest", "remove", "recheck", "search_again", "skip_files", "delete_files", "tag_stalled", "untag_stalled", "adjust", "release", "pause", "resume", "sort", "check_import", "check_files", "check_superseded"];
const STATES = ["planned", "awaiting_approval", "done", "failed", "cancelled", "undone"];
const EXACT = ["category", "action", "state", "rule"];

class Activity extends Element {
  static properties = { route: {}, entries: { state: true }, next: { state: true }, fresh: { state: true }, categories: { state: true }, rules: { state: true } };

  #find = typedParam("q");
  #nearEnd = new IntersectionObserver((seen) => seen.some(({ isIntersecting }) => isIntersecting) && this.#more(), { rootMargin: "400px" });

  constructor() {
    super();
    /** @type {import("../urlstate.js").Route} */
    this.route = { view: "activity", path: [], params: {} };
    /** @type {import("../answers.js").Decision[]} */
    this.entries = [];
    /** @type {number | null} */
    this.next = null;
    this.fresh = 0;
    /** @type {string[]} */
    this.categories = [];
    /** Rules that were seen so far, to choose among. @type {string[]} */
    this.rules = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow(["decision"], (entry) => this.#changed(entry));
    this.follow(["comparison"], () => this.route.params.shadow && !this.entries.length && followsChanges(this) && this.#load());
    this.follow(["reset"], () => followsChanges(this) && this.#load());
    this.follow(["connection"], ({ again }) => again && followsChanges(this) && this.#load());
    read("torrents", { limit: 1 }).then(({ kinds }) => this.#knowRules(kinds.map(({ rule }) => rule)), () => {});
    read("processes").then(({ processes }) => (this.categories = processes.map(({ category }) => category))).catch(() => {});
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#nearEnd.disconnect();
  }

  willUpdate(changed) {
    if (changed.has("route")) {
      this.#load();
    }
    if (changed.has("entries")) {
      this.#knowRules(this.entries.map(({ rule }) => rule));
    }
  }

  updated() {
    this.#nearEnd.disconnect();
    const end = this.querySelector(".more");
    if (end && !this.error) {
      this.#nearEnd.observe(end);
    }
  }

  #knowRules(rules) {
    this.rules = [...new Set([...this.rules, ...rules])].sort();
  }

  get #query() {
    return { limit: PAGE, ...this.route.params };
  }

  #load() {
    this.load(() => read("decisions", this.#query), ({ decisions, next }) => {
      this.entries = decisions;
      this.next = next;
      this.fresh = 0; // what came while they were read is among them
    }, JSON.stringify(this.route.params));
  }

  #more() {
    return this.loadMore(() => this.next, (before) => read("decisions", { ...this.#query, before }), ({ decisions, next }) => {
      this.entries = [...this.entries, ...decisions];
      this.next = next;
    });
  }

  /** What is shown changes in place; what is new waits above it, so that nothing moves under the pointer. */
  #changed(entry) {
    if (this.entries.some(({ id }) => id === entry.id)) {
      this.entries = this.entries.map((shown) => (shown.id === entry.id ? entry : shown));
    } else if (followsChanges(this) && !this.route.params.shadow && this.#isAskedFor(entry)) {
      this.fresh += 1;
    }
  }

  /** Whether an entry meets the filters; what a text finds only the daemon knows. */
  #isAskedFor(entry) {
    const { params } = this.route;
    const isBefore = !params.until || Date.parse(entry.plannedAt) < Date.parse(params.until);
    return isBefore && EXACT.every((name) => !params[name] || entry[name] === params[name]);
  }

  render() {
    const shown = this.entries;
    return html`
      <header class="head">
        <h1>${t("view.activity")}</h1>
        <div class="row">
          <a class="button" href=${formatRoute("comparison")}>${t("view.comparison")}</a>
          <button type="button" @click=${() => this.#export("json")}>${t("export")} JSON</button>
          <button type="button" @click=${() => this.#export("csv")}>${t("export")} CSV</button>
        </div>
      </header>
      ${this.#filters()}
      ${this.fresh ? html`<p><button type="button" class="strong" @click=${() => this.#load()}>${t("activity.new", { n: this.fresh })}</button></p>` : nothing}
      ${this.note()}
      ${shown.length ? html`<ol class="entries" data-rows>${repeat(shown, ({ id }) => id, entryRow)}</ol>` : this.#nothing()}
      ${this.next
        ? html`<p class="center more"><button type="button" @click=${() => this.#more()}>${t("more")}</button></p>`
        : shown.length ? html`<p class="center muted">${t("activity.end")}</p>` : nothing}
    `;
  }

  #nothing() {
    if (!this.loaded || this.error) {
      return nothing;
    }
    return Object.keys(this.route.params).length
      ? html`<p class="empty">${t("activity.filtered")} <button type="button" @click=${() => this.#clear()}>${t("clear")}</button></p>`
      : html`<p class="empty">${t("activity.none")}</p>`;
  }

  #clear() {
    setParams(Object.fromEntries(Object.keys(this.route.params).map((name) => [name, ""])));
  }

  #filters() {
    const { params } = this.route;
    const rules = params.rule && !this.rules.includes(params.rule) ? [...this.rules, params.rule] : this.rules;
    return html`<form class="filters" role="search" @submit=${(event) => event.preventDefault()}>
      <label class="grow">${t("search")}
        <input type="search" .value=${params.q ?? ""} @input=${this.#find} /></label>
      ${fold(html`${pick(params, "category", t("category"), this.categories, (name) => name)}
      ${pick(params, "action", t("action"), ACTIONS, (name) => named("action", name))}
      ${pick(params, "state", t("outcome"), STATES, (name) => named("ledger", name))}
      ${pick(params, "rule", t("rule"), rules, (name) => name.replaceAll("_", " "))}
      ${day(params, "since")}
      ${day(params, "until")}
      <label class="check"><input type="checkbox" .checked=${params.shadow === "true"} @change=${(event) => setParams({ shadow: event.target.checked })} /> ${t("shadow")}</label>`, Object.keys(params).filter((name) => name !== "q").length)}
    </form>`;
  }

  /** @param {"json" | "csv"} form */
  #export(form) {
    const query = this.#query; // also when another filter is chosen meanwhile
    const page = async (before) => {
      const { decisions, next } = await read("decisions", { ...query, limit: LARGEST_PAGE, before });
      return { entries: decisions, next };
    };
    return exportList("activity", form, page, asCsv);
  }
}

customElements.define("qb-activity", Activity);
