// <qb-libraries>: what the Arrs have and lack, with filters that are in the address.
import { addressOf, read, write } from "../api.js";
import { followsChanges } from "../appearance.js";
import { Element, gathered, html, nothing } from "../element.js";
import { chip } from "../parts/chip.js";
import { fold } from "../parts/filterfields.js";
import { icon } from "../parts/icon.js";
import { showItem } from "../parts/item.js";
import { attempt } from "../parts/toasts.js";
import { openedIn, seasonKey, withOpened } from "../opened.js";
import { pagePlaces } from "../pages.js";
import { currentRoute, go, setParams, typedParam } from "../router.js";
import { formatDay, formatExact } from "../format.js";
import { repeat } from "../vendor/lit.js";
import { isSame } from "../urlstate.js";
import { locale, t } from "../words.js";

const PAGE_SIZES = { radarr: 50, sonarr: 25, lidarr: 25 };
const LISTS = { radarr: "movies", sonarr: "series", lidarr: "artists" };
/** By what each list is sorted. @type {Record<string, string[]>} */
const COLUMNS = { radarr: ["title", "year", "released", "score"], sonarr: ["title", "year", "missing"], lidarr: ["title", "missing"] };
/** Columns of which the most comes first, until the direction is turned. */
const MOST_FIRST = ["missing"];
/** Parameters of the address that hide nothing. */
const NO_FILTERS = ["page", "sort", "descending", "open"];
const FLAGS = /** @type {const} */ ([
  ["monitored", "library.monitored"],
  ["has_file", "library.file"],
  ["quality_met", "library.quality.met"],
  ["is_request", "library.request"],
]);

class Libraries extends Element {
  static properties = { route: {}, arrs: { state: true }, list: { state: true } };
  #shown = "";
  /** Where each page of this list goes on, as far as they were seen; others are found by their number. */
  #places = pagePlaces();
  #reload = gathered(() => this.isConnected && this.#load(), 5000);
  #find = typedParam("q", { page: "" });

  constructor() {
    super();
    /** @type {import("../urlstate.js").Route} */
    this.route = { view: "libraries", path: [], params: {} };
    /** @type {import("../answers.js").ArrView[]} */
    this.arrs = [];
    /** @type {any} */
    this.list = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.loadPart("arrs", () => read("arr"), ({ arr }) => {
      this.arrs = arr;
      this.#load();
    });
    this.follow(["decision"], ({ action, state }) => followsChanges(this) && action === "import" && state === "done" && this.#reload());
    this.follow(["libraries"], () => this.#isEmpty && this.#reload());
    this.follow(["connection"], ({ again }) => again && followsChanges(this) && this.#load());
  }

  willUpdate(changed) {
    const before = /** @type {import("../urlstate.js").Route | undefined} */ (changed.get("route"));
    if (changed.has("route") && this.arrs.length && !(before && isSame(withoutOpened(before), withoutOpened(this.route)))) {
      this.#load();
    }
  }

  /** The Arr that the address names, the first one when it names none. @returns {import("../answers.js").ArrView | undefined} */
  get #arr() {
    const [named] = this.route.path;
    return named === undefined ? this.arrs[0] : this.arrs.find(({ category }) => category === named);
  }

  get #isEmpty() {
    return this.#arr !== undefined && this.list !== null && !this.list[LISTS[this.#arr.type]].length;
  }

  get #page() {
    return Number(this.route.params.page ?? 0) || 0;
  }

  #load() {
    const arr = this.#arr;
    if (!arr) {
      this.drop("");
      this.loaded = true;
      return;
    }
    if (this.#shown !== arr.category) {
      this.list = null;
      this.loaded = false;
    }
    this.#shown = arr.category;
    const path = `${arr.type}/${arr.category.split("/").map(encodeURIComponent).join("/")}/${LISTS[arr.type]}`;
    const page = this.#page;
    const { page: _, open: __, ...conditions } = this.route.params;
    const places = (this.#places = this.#places.of(JSON.stringify([path, conditions])));
    const query = { ...conditions, page, after: places.before(page), page_size: PAGE_SIZES[arr.type] };
    this.load(() => read(path, query), (list) => {
      this.list = list;
      places.ends(page, list.next);
    }, JSON.stringify([path, conditions, page]));
  }

  render() {
    const arr = this.#arr;
    return html`
      <header class="head">
        <h1>${t("view.libraries")}</h1>
        ${this.arrs.length > 1
          ? html`<div class="tabs" role="group" aria-label=${t("category")}>${this.arrs.map(({ category, name }) => html`<button type="button"
              aria-pressed=${String(category === arr?.category)} @click=${() => go("libraries", [category])}>${name}</button>`)}</div>`
          : nothing}
      </header>
      ${arr ? this.#filters(arr.type) : this.loaded ? html`<p class="empty">${t(this.arrs.length ? "library.no.such" : "library.no.arr", { name: this.route.path[0] })}</p>` : nothing}
      ${this.note()}
      ${this.list && arr ? this.#content(arr) : nothing}
    `;
  }

  #filters(type) {
    const { params } = this.route;
    const year = (name, label) => html`<label class="short">${label}<input type="number" min="1870" max="2100" inputmode="numeric" .value=${params[name] ?? ""}
      @change=${(event) => setParams({ [name]: event.target.value, page: "" })} /></label>`;
    return html`<form class="filters" role="search" @submit=${(event) => event.preventDefault()}>
      <label class="grow">${t("search")}<input type="search" .value=${params.q ?? ""} @input=${this.#find} /></label>
      ${type === "radarr"
        ? fold(html`${FLAGS.map(([name, label]) => html`<label>${t(label)}<select @change=${(event) => setParams({ [name]: event.target.value, page: "" })}>
              <option value="">${t("all")}</option>
              ${["true", "false"].map((value) => html`<option value=${value} .selected=${params[name] === value}>${t(value === "true" ? "yes" : "no")}</option>`)}
            </select></label>`)}
            ${year("year_min", t("library.from"))} ${year("year_max", t("library.to"))}`, Object.keys(params).filter((name) => !["q", ...NO_FILTERS].includes(name)).length)
        : html`<label class="check"><input type="checkbox" .checked=${params.missing === "true"}
            @change=${(event) => setParams({ missing: event.target.checked, page: "" })} /> ${t("library.only.missing")}</label>`}
    </form>`;
  }

  #content(arr) {
    const rows = this.list[LISTS[arr.type]];
    const { counts, total } = this.list;
    const filtered = Object.keys(this.route.params).some((name) => !NO_FILTERS.includes(name));
    return html`
      <div class="list-head">
        <p class="row muted" role="status">
          <span>${t("library.counts", counts)}</span> · <span>${t("library.missing.count", { n: counts.missing })}</span>
          ${filtered ? html`· <strong>${t("library.total", { n: total })}</strong>` : nothing}
        </p>
        <div class="tabs sorts" role="group" aria-label=${t("sort")}>${COLUMNS[arr.type].map((column) => this.#column(column))}</div>
      </div>
      ${rows.length
        ? html`<ul class="entries" data-rows>${this.#rows(arr, rows)}</ul>`
        : html`<p class="empty">${filtered ? html`${t("library.filtered")} <button type="button" @click=${() => go("libraries", this.route.path)}>${t("clear")}</button>` : t("library.none")}</p>`}
      ${this.#pages(total, PAGE_SIZES[arr.type])}
    `;
  }

  /** A column to sort by; a second click turns the direction. */
  #column(column) {
    const { sort = "title", descending = "" } = this.route.params;
    const chosen = sort === column;
    const turned = chosen ? !descending : MOST_FIRST.includes(column);
    const turn = () => setParams({ sort: column === "title" ? "" : column, descending: turned, page: "" });
    const name = t(`library.sort.${column}`);
    const direction = chosen ? t(descending ? "descending" : "ascending") : "";
    return html`<button type="button" aria-pressed=${String(chosen)} aria-label=${direction ? `${name}, ${direction}` : name} title=${direction} @click=${turn}>${name}
      ${chosen ? html`<span aria-hidden="true">${descending ? "↓" : "↑"}</span>` : nothing}</button>`;
  }

  #rows(arr, rows) {
    if (arr.type === "radarr") {
      return repeat(rows, ({ id }) => id, (movie) => this.#item(arr, movie, html`${movie.title} <span class="muted">${movie.year || ""}</span>`, "data-row"));
    }
    return arr.type === "sonarr" ? repeat(rows, ({ series }) => series.id, (one) => this.#series(arr, one)) : repeat(rows, ({ artist }) => artist.id, (one) => this.#artist(arr, one));
  }

  #series(arr, { series, monitored, available, seasons }) {
    const title = html`${series.title} <span class="muted">${series.year || ""}</span>`;
    return this.#owner(String(series.id), title, { monitored, available, poster: poster(arr, series.id), link: outside(arr, series.link, series.title) }, () =>
      Object.values(seasons).map((season) => {
        const title = season.seasonNumber === 0 ? t("library.specials") : t("library.season", { n: season.seasonNumber });
        return this.#owner(seasonKey(series.id, season.seasonNumber), title, season, () => html`<ul>${season.episodes.map((episode) => this.#item(arr, episode,
          html`<span class="number muted">${episode.episodeNumber}</span> ${episode.title}`, "", episode.airDateUtc))}</ul>`, "div");
      }));
  }

  #artist(arr, { artist, monitored, available, albums }) {
    const title = html`${artist.name} <span class="muted">${artist.disambiguation ?? ""}</span>`;
    return this.#owner(String(artist.id), title, { monitored, available, poster: poster(arr, artist.id), link: outside(arr, artist.link, artist.name) }, () =>
      html`<ul>${albums.map((album) => this.#item(arr, album, album.title, "", album.releaseDate))}</ul>`);
  }

  /** A series, a season or an artist. What belongs to it is only drawn once it is opened, which is then in the address. */
  #owner(key, title, { monitored, available, poster = /** @type {unknown} */ (nothing), link = /** @type {unknown} */ (nothing) }, parts, tag = "li") {
    const missing = monitored - available;
    const opened = openedIn(this.route.params.open).includes(key);
    const content = html`<details ?open=${opened} @toggle=${(event) => this.#toggled(key, event.target.open)}>
      <summary ?data-row=${tag === "li"}>
        ${poster}
        <span class="grow">${title}</span>
        ${missing > 0 ? chip(t("library.missing.count", { n: missing }), "wait") : monitored ? chip(t("library.complete"), "good") : chip(t("library.nothing.due"))}
        <span class="number muted">${available}/${monitored}</span>
      </summary>
      <qb-lazy .content=${parts}></qb-lazy>
    </details>${link}`;
    return tag === "li" ? html`<li class="owner">${content}</li>` : html`<div class="owner">${content}</div>`;
  }

  #toggled(key, open) {
    const { open: opened } = currentRoute().params;
    if (openedIn(opened).includes(key) !== open) {
      setParams({ open: withOpened(opened, key, open) }, false);
    }
  }

  #item(arr, item, title, row = "", date = "") {
    return html`<li class="item" tabindex=${row ? "0" : nothing} ?data-row=${Boolean(row)}>
      ${row ? poster(arr, item.id) : nothing}
      <span class="grow">${title} ${date ? html`<span class="muted" title=${date.includes("T") ? formatExact(date, locale) : nothing}>${formatDay(date, locale)}</span>` : nothing}</span>
      <span class="chips">${chips(item)}</span>
      <button type="button" aria-label="${t("history")}: ${item.title}" @click=${() => showItem(arr.category, item.id, item.title)}>${t("history")}</button>
      <button type="button" aria-label="${t("library.search")}: ${item.title}" @click=${() => this.#search(arr, item.id)}>${t("library.search")}</button>
      ${outside(arr, item.link, item.title)}
    </li>`;
  }

  #search(arr, id) {
    return attempt(() => write(`arr/${encodeURIComponent(arr.category)}/search`, { ids: [id] }), t("library.searching"));
  }

  #pages(total, size) {
    const all = Math.ceil(total / size);
    const page = this.#page;
    const label = t("page", { n: this.list.page + 1, all }); // of what is shown: what is asked for comes later
    const to = (number) => () => {
      setParams({ page: number || "" }, false);
      scrollTo(0, 0);
    };
    return all > 1
      ? html`<nav class="pages" aria-label=${label}>
          <button type="button" ?disabled=${page === 0} @click=${to(page - 1)}>${t("previous")}</button>
          <span class="muted">${label}</span>
          <button type="button" ?disabled=${page + 1 >= all} @click=${to(page + 1)}>${t("next")}</button>
        </nav>`
      : nothing;
  }
}

/** @param {import("../urlstate.js").Route} route @returns {import("../urlstate.js").Route} */
const withoutOpened = ({ view, path, params: { open: _, ...params } }) => ({ view, path, params });

/** The poster of a movie, a series or an artist; its place is kept where there is none. */
const poster = (arr, id) =>
  html`<span class="poster"><img src=${addressOf(`arr/${encodeURIComponent(arr.category)}/posters/${id}`)} alt="" loading="lazy" decoding="async"
    @load=${({ target }) => target.removeAttribute("data-failed")} @error=${({ target }) => target.setAttribute("data-failed", "")} /></span>`;

/** A link to the page of the Arr itself. */
const outside = (arr, link, title) =>
  link ? html`<a class="outside" href=${link} target="_blank" rel="noreferrer" aria-label="${t("library.open", { name: arr.name })}: ${title}" title=${t("library.open", { name: arr.name })}>${icon("outside")}</a>` : nothing;

/** What an item has and lacks, in words. */
function chips(item) {
  const scores = item.customFormatScore === null || item.customFormatScore === undefined ? "" : t("library.score", { score: item.customFormatScore, minimum: item.minCustomFormatScore });
  return html`
    ${item.isRequest ? chip(t("library.request"), "busy") : nothing}
    ${item.monitored ? nothing : chip(t("library.unmonitored"))}
    ${item.hasFile ? nothing : item.released ? chip(t("library.missing"), item.monitored ? "wait" : "still") : chip(t("library.unreleased"))}
    ${item.hasFile && !item.qualityMet ? chip(t("library.quality"), "wait") : nothing}
    ${item.hasFile && item.customFormatMet === false ? chip(t("library.format"), "wait", scores) : nothing}
    ${item.upgrade ? chip(t("library.upgrade"), "busy") : nothing}
    ${item.hasFile && !item.reason ? chip(t("library.complete"), "good", scores) : nothing}
  `;
}

/** <qb-lazy>: draws its content once the details around it were opened. */
class Lazy extends Element {
  static properties = { content: { attribute: false } };

  constructor() {
    super();
    /** @type {() => unknown} */
    this.content = () => nothing;
  }

  connectedCallback() {
    super.connectedCallback();
    const details = this.closest("details");
    if (details) {
      this.on(details, "toggle", () => this.requestUpdate());
    }
  }

  render() {
    return this.closest("details")?.open ? this.content() : nothing;
  }
}

customElements.define("qb-lazy", Lazy);
customElements.define("qb-libraries", Libraries);
