// <qb-torrents>: every torrent, which rule holds it, why nothing is done, and what would be done when.
import { read } from "../api.js";
import { followsChanges } from "../appearance.js";
import { Element, html, nothing } from "../element.js";
import { FACETS, choices, matching } from "../filters.js";
import { capitalised, formatBytes, formatDuration, formatExact, formatRatio, formatShare, spaced } from "../format.js";
import { chip } from "../parts/chip.js";
import { explain } from "../opentorrent.js";
import { setParams, typedParam } from "../router.js";
import { visible } from "../rows.js";
import { formatRoute } from "../urlstate.js";
import { repeat } from "../vendor/lit.js";
import { locale, named, t } from "../words.js";

const PAGE = 100;
const REFRESH_MS = 3000;
const NEVER_SECONDS = 8_640_000;
const KINDS = { nothing: "still", fail: "bad", remove: "bad", import: "good" };

/** @typedef {{after: string, rows: import("../answers.js").TorrentView[]}} Page */

class Torrents extends Element {
  static properties = { route: {}, pages: { state: true }, kinds: { state: true }, range: { state: true } };
  #next = /** @type {string | null} */ ("");
  #query = "";
  #loading = false;
  /** How often the list was read from its beginning. */
  #starts = 0;
  #refreshedAt = 0;
  #refreshing = 0;
  #find = typedParam("q");

  constructor() {
    super();
    /** @type {import("../urlstate.js").Route} */
    this.route = { view: "torrents", path: [], params: {} };
    /** @type {Page[]} */
    this.pages = [];
    /** @type {import("../filters.js").Kind[]} */
    this.kinds = [];
    this.range = { first: 0, last: 30 };
  }

  connectedCallback() {
    super.connectedCallback();
    if (this.loaded) {
      this.#restart(); // nothing was followed while another view was shown
    }
    this.on(window, "scroll", () => this.#measure(), { passive: true });
    this.on(window, "resize", () => this.#measure(), { passive: true });
    this.follow(["qbittorrent", "decision"], () => this.#refresh());
    this.follow(["reset"], () => followsChanges(this) && this.#restart());
    this.follow(["connection"], ({ again }) => again && followsChanges(this) && this.#restart());
  }

  willUpdate(changed) {
    const query = JSON.stringify(this.route.params);
    if (changed.has("route") && query !== this.#query) {
      this.#query = query;
      this.#restart();
    }
  }

  updated() {
    const list = /** @type {HTMLElement | null} */ (this.querySelector(".virtual"));
    if (list) {
      list.style.height = `${this.#total * this.#rowHeight}px`;
      const window = /** @type {HTMLElement} */ (list.firstElementChild);
      window.style.transform = `translateY(${this.range.first * this.#rowHeight}px)`;
    }
    this.#measure();
  }

  get #rowHeight() {
    return Number.parseFloat(getComputedStyle(this).getPropertyValue("--row")) * Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 64;
  }

  get #rows() {
    return this.pages.flatMap(({ rows }) => rows);
  }

  get #loadedRows() {
    return this.pages.reduce((sum, { rows }) => sum + rows.length, 0);
  }

  /** Known from the counts, unless a text or an order chooses among them; then as far as was read. */
  get #total() {
    const { q, sort } = this.route.params;
    const certain = !q && sort !== "next" && this.#next !== null;
    return certain ? Math.max(matching(this.kinds, this.route.params), this.#loadedRows) : this.#loadedRows;
  }

  #restart() {
    this.#starts += 1;
    this.#next = "";
    this.#loading = false;
    this.#loadMore();
  }

  #loadMore() {
    if (this.#loading || this.#next === null) {
      return;
    }
    this.#loading = true;
    const after = this.#next;
    this.load(() => read("torrents", { ...this.route.params, limit: PAGE, after }), (answer) => {
      this.#loading = false;
      this.#next = answer.next;
      const page = { after, rows: answer.torrents };
      if (after) {
        this.pages = [...this.pages, page];
      } else {
        this.pages = [page];
        this.kinds = answer.kinds;
      }
    }, this.#query);
  }

  failed(error) {
    super.failed(error);
    this.#loading = false;
  }

  /** Reads the pages again that can be seen: now, or as soon as that is not too often. */
  #refresh() {
    if (!this.#refreshing && followsChanges(this)) {
      const left = this.#refreshedAt + REFRESH_MS - performance.now();
      this.#refreshing = setTimeout(() => this.#readAgain(), Math.max(0, left));
    }
  }

  /** Rows stay in their places. Pages that begin elsewhere now, as rows came or went before them, are read when they are seen. */
  async #readAgain() {
    this.#refreshing = 0;
    if (!this.isConnected || this.#next === "") {
      return; // it is read from its beginning
    }
    this.#refreshedAt = performance.now();
    const first = Math.floor(this.range.first / PAGE);
    const last = Math.floor(Math.max(0, this.range.last - 1) / PAGE);
    const starts = this.#starts;
    for (let number = first; number <= last && number < this.pages.length; number += 1) {
      const { after } = this.pages[number];
      const answer = await read("torrents", { ...this.route.params, limit: PAGE, after }).catch(() => null);
      if (!answer || starts !== this.#starts) {
        return; // the connection says that it is away, or this is not the list any more
      }
      this.pages = this.pages.map((page, index) => (index === number ? { after, rows: answer.torrents } : page));
      const rest = this.pages.slice(number + 1);
      if (rest.length && rest[0].after !== answer.next && !this.#loading) {
        const isSeen = number < last && answer.next !== null;
        this.pages = [...this.pages.slice(0, number + 1), ...(isSeen ? [{ after: answer.next, rows: rest[0].rows }] : [])];
      }
      if (number === 0) {
        this.kinds = answer.kinds;
      }
      if (number === this.pages.length - 1) {
        this.#next = answer.next;
      }
    }
  }

  #measure() {
    const list = this.querySelector(".virtual");
    if (!list) {
      return;
    }
    const above = Math.max(0, -list.getBoundingClientRect().top);
    const range = visible({ above, height: innerHeight, row: this.#rowHeight, total: this.#total });
    if (range.first !== this.range.first || range.last !== this.range.last) {
      this.range = range;
    }
    if (range.last >= this.#loadedRows) {
      this.#loadMore();
    }
  }

  render() {
    const total = this.#total;
    return html`
      <header class="head">
        <h1>${t("view.torrents")}</h1>
        <p class="muted" role="status">${this.loaded ? t("torrents.count", { n: total }) : nothing}</p>
        <a class="button" href=${formatRoute("orphans")}>${t("view.orphans")}</a>
        <a class="button" href=${formatRoute("room")}>${t("view.room")}</a>
      </header>
      <div class="with-side">
        ${this.#side()}
        <div class="stack">
          ${this.#top()} ${this.note()}
          ${this.loaded && !total ? this.#nothing() : nothing}
          <div class="entries virtual" data-rows ?hidden=${!total}><ol>${this.#drawn()}</ol></div>
        </div>
      </div>
    `;
  }

  /** Each row stays the element of its place in the list, so that the focus stays on it while others come and go. */
  #drawn() {
    const { first, last } = this.range;
    return repeat(this.#rows.slice(first, last), (_, index) => first + index, (row) => this.#row(row));
  }

  #nothing() {
    const filtered = FACETS.some((name) => this.route.params[name]) || this.route.params.q;
    return filtered
      ? html`<p class="empty">${t("torrents.filtered")} <button type="button" @click=${() => setParams({ q: "", category: "", instance: "", rule: "", action: "" })}>${t("clear")}</button></p>`
      : html`<p class="empty">${t("torrents.none")}</p>`;
  }

  #top() {
    const { q = "", sort = "name" } = this.route.params;
    return html`<form class="filters" role="search" @submit=${(event) => event.preventDefault()}>
      <label class="grow">${t("search")}<input type="search" .value=${q} @input=${this.#find} /></label>
      <label>${t("sort")}<select @change=${(event) => setParams({ sort: event.target.value })}>
        ${["name", "since", "next"].map((name) => html`<option value=${name} .selected=${sort === name}>${t(`sort.${name}`)}</option>`)}
      </select></label>
    </form>`;
  }

  #side() {
    const words = { category: (name) => name, instance: (name) => name, action: (name) => capitalised(named("action", name)), rule: spaced };
    const open = matchMedia("(min-width: 56rem)").matches;
    return html`<details class="side" ?open=${open}>
      <summary>${t("filters")}</summary>
      ${FACETS.map((facet) => {
        const found = choices(this.kinds, facet, this.route.params);
        return found.length < 2 && !this.route.params[facet]
          ? nothing
          : html`<fieldset><legend>${t(facet)}</legend>
              ${found.map(({ value, number }) => html`<button type="button" class="facet" aria-pressed=${String(this.route.params[facet] === value)}
                @click=${() => setParams({ [facet]: this.route.params[facet] === value ? "" : value })}>
                <span class="grow">${words[facet](value)}</span><span class="number">${number.toLocaleString(locale)}</span></button>`)}
            </fieldset>`;
      })}
    </details>`;
  }

  /** @param {import("../answers.js").TorrentView} row */
  #row({ hash, name, category, instance, action, rule, because, revisitAt, forecast, live }) {
    return html`<li class="torrent-row">
      <div class="what">
        <button type="button" class="link clip" data-row title=${name} @click=${() => explain(hash, name)}>${name}</button>
        <p class="muted clip" title=${because}>${action === "nothing" ? nothing : html`${chip(capitalised(named("action", action)), KINDS[action] ?? "busy")} `}${capitalised(because)} (${spaced(rule)})</p>
      </div>
      <div class="done">
        ${live
          ? html`<progress max="1" value=${live.progress} aria-label=${t("torrent.progress")}></progress>
              <p class="muted clip"><span class="number">${formatShare(live.progress, locale)}</span> ${named("client", live.state)}${this.#eta(live)}</p>`
          : html`<p class="muted">${t("torrents.away")}</p>`}
      </div>
      <p class="muted clip ratio" title=${live ? `${t("torrent.seeding")} ${formatDuration(live.seedingSeconds)}` : nothing}>
        ${live ? html`<span class="line number">${formatRatio(live.ratio, locale)} · ${formatBytes(live.sizeBytes, locale)}</span> <span class="line">${live.tracker}</span>` : nothing}</p>
      <p class="muted clip next" title=${revisitAt ? formatExact(revisitAt, locale) : nothing}>
        ${revisitAt
          ? html`<qb-time class="line" at=${revisitAt}></qb-time> ${forecast ? html`<span class="line">${named("action", forecast.action)}</span>` : nothing}`
          : html`<span class="line">${category}</span> <span class="line">${instance}</span>`}</p>
    </li>`;
  }

  #eta({ etaSeconds, leftBytes }) {
    return leftBytes > 0 && etaSeconds > 0 && etaSeconds < NEVER_SECONDS ? `, ${formatDuration(etaSeconds)}` : "";
  }
}

customElements.define("qb-torrents", Torrents);
