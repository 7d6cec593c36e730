// <qb-logs>: a log file as it is written, or what was found in it.
import { addressOf, read } from "../api.js";
import { Element, html, nothing } from "../element.js";
import { formatExact, localInput } from "../format.js";
import { LEVELS, appended, chosen } from "../loglines.js";
import { icon } from "../parts/icon.js";
import { go, setParams, typedParam } from "../router.js";
import { locale, t } from "../words.js";

const FIRST_LINES = 1000;
const MOST_LINES = 5000;
const OLDER = 1000;

class Logs extends Element {
  static properties = { route: {}, files: { state: true }, lines: { state: true }, paused: { state: true }, found: { state: true }, first: { state: true }, past: { state: true } };
  #source = /** @type {EventSource | null} */ (null);
  /** What was written while it was paused. @type {{text: string, level: string}[]} */
  #waiting = [];
  /** Whether what waits begins again with the last lines. */
  #isRenewed = false;
  #stick = true;
  #name = "";
  #filter = typedParam("q");

  constructor() {
    super();
    /** @type {import("../urlstate.js").Route} */
    this.route = { view: "logs", path: [], params: {} };
    /** @type {string[]} */
    this.files = [];
    /** @type {{text: string, level: string}[]} */
    this.lines = [];
    this.paused = false;
    /** @type {{matches: {line: number, text: string}[], complete: boolean, next: number} | null} */
    this.found = null;
    /** Lines from the time on that was asked for, null while the file is followed. @type {{lines: {text: string, level: string}[], end: number, more: boolean} | null} */
    this.past = null;
    /** Number of the first line that is shown, null while that is not known. @type {number | null} */
    this.first = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.load(() => read("logs"), ({ logs }) => {
      this.files = logs;
      this.#open();
      this.#jump();
      this.#find();
    });
    // a browser gives up a stream that was refused, as by a proxy while the daemon was away
    this.follow(["connection"], ({ again }) => again && this.#source?.readyState === EventSource.CLOSED && this.#follow());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#close();
  }

  willUpdate(changed) {
    if (changed.has("route") && this.files.length) {
      const before = changed.get("route");
      const another = before?.path[0] !== this.route.path[0];
      if (this.#file !== this.#name) {
        this.#open();
      }
      if (another || before?.params.at !== this.route.params.at) {
        this.#jump();
      }
      if (another || before?.params.find !== this.route.params.find) {
        this.#find();
      }
    }
  }

  get #file() {
    return this.route.path[0] ?? this.files.find((name) => name === "Main.log") ?? this.files[0] ?? "";
  }

  #open() {
    this.#close();
    this.drop("older"); // of another file
    this.#name = this.#file;
    this.lines = [];
    this.paused = false;
    this.found = null;
    this.first = null;
    this.#stick = true;
    if (this.#name && this.isConnected) {
      this.#follow();
    }
  }

  #follow() {
    const source = new EventSource(addressOf(`logs/${encodeURIComponent(this.#name)}/stream`, { last: FIRST_LINES }));
    source.onopen = () => this.#renew();
    source.onmessage = ({ data }) => {
      if (this.paused) {
        this.#waiting = appended(this.#waiting, data, MOST_LINES);
      } else {
        this.lines = appended(this.lines, data, MOST_LINES);
      }
    };
    this.#source = source;
  }

  #close() {
    this.#source?.close();
    this.#source = null;
    this.#waiting = [];
    this.#isRenewed = false;
  }

  /** A stream begins with the last lines, also one that was opened again. What is paused stays as it is until it goes on. */
  #renew() {
    if (this.paused) {
      this.#waiting = [];
      this.#isRenewed = true;
    } else {
      this.lines = [];
    }
  }

  #pause() {
    this.paused = !this.paused;
    if (!this.paused) {
      this.lines = [...(this.#isRenewed ? [] : this.lines), ...this.#waiting].slice(-MOST_LINES);
      this.#waiting = [];
      this.#isRenewed = false;
      this.first = null;
    }
  }

  /** Shows the lines from the time in the address on; without one the file as it is written. */
  #jump() {
    const { at } = this.route.params;
    this.drop("past");
    this.past = null;
    if (at && this.#name) {
      this.#from({ time: at }, []);
    }
  }

  /** @param {{text: string, level: string}[]} before lines that are shown already */
  #from(where, before) {
    return this.loadPart("past", () => read(`logs/${encodeURIComponent(this.#name)}/at`, where), ({ content, lines, end, size }) => {
      this.past = { lines: lines ? [...before, ...appended([], content.replace(/\n$/, ""), MOST_LINES)] : before, end, more: lines > 0 && end < size };
    });
  }

  async #older() {
    const path = `logs/${encodeURIComponent(this.#name)}`;
    await this.loadPart("older", async () => {
      const first = this.first ?? Math.max(0, (await read(path, { limit: 1 })).total_lines - this.lines.length);
      const offset = Math.max(0, first - OLDER);
      return { offset, part: first > offset ? await read(path, { offset, limit: first - offset }) : null };
    }, ({ offset, part }) => {
      this.paused = true;
      this.first = offset;
      this.#stick = false;
      if (part) {
        this.lines = [...appended([], part.content.replace(/\n$/, ""), MOST_LINES), ...this.lines];
      }
    });
  }

  /** Finds the text of the address in the whole file; without one the file is followed. */
  #find() {
    const { find } = this.route.params;
    this.drop("found");
    this.found = null;
    if (find && this.#name) {
      this.#findFrom(find, 0, []);
    }
  }

  #search(event) {
    event.preventDefault();
    setParams({ find: new FormData(event.target).get("whole") }, false);
  }

  async #findFrom(text, offset, matches) {
    await this.loadPart(
      "found",
      () => read(`logs/${encodeURIComponent(this.#name)}/search`, { q: text, offset, limit: 500 }),
      (answer) => (this.found = { matches: [...matches, ...answer.matches], complete: answer.complete, next: answer.next_offset }),
    );
  }

  updated() {
    const box = this.querySelector(".log");
    if (box && this.#stick && !this.found && !this.past) {
      box.scrollTop = box.scrollHeight;
    }
  }

  #scrolled(event) {
    const { scrollTop, scrollHeight, clientHeight } = event.target;
    this.#stick = scrollHeight - scrollTop - clientHeight < 40;
  }

  render() {
    const { level = "debug", q = "" } = this.route.params;
    return html`
      <header class="head">
        <h1>${t("view.logs")}</h1>
        ${this.#name ? html`<a class="button" href=${addressOf(`logs/${encodeURIComponent(this.#name)}/download`)} download>${t("logs.download")}</a>` : nothing}
      </header>
      ${this.note()}
      ${this.loaded && !this.files.length ? html`<p class="empty">${t("logs.none")}</p>` : this.#controls(level, q)}
      ${this.found ? this.#matches() : this.past ? this.#past(this.past, level, q) : this.#tail(level, q)}
    `;
  }

  #controls(level, q) {
    return html`<div class="filters">
      <label>${t("logs.file")}<select @change=${(event) => go("logs", [event.target.value], this.route.params)}>
        ${this.files.map((name) => html`<option value=${name} .selected=${name === this.#file}>${name}</option>`)}
      </select></label>
      <label>${t("logs.level")}<select @change=${(event) => setParams({ level: event.target.value })}>
        ${LEVELS.map((name) => html`<option value=${name} .selected=${name === level}>${name}</option>`)}
      </select></label>
      <label>${t("logs.at")}<input type="datetime-local" step="1" .value=${localInput(this.route.params.at)}
        @change=${(event) => setParams({ at: event.target.value ? new Date(event.target.value).toISOString() : "" }, false)} /></label>
      <label class="grow">${t("logs.filter")}<input type="search" .value=${q} @input=${this.#filter} /></label>
      <form class="row grow find" role="search" @submit=${(event) => this.#search(event)}>
        <label class="grow">${t("logs.find")}<input name="whole" type="text" .value=${this.route.params.find ?? ""} /></label>
        <button aria-label=${t("search")}>${icon("search")}</button>
      </form>
    </div>`;
  }

  #tail(level, q) {
    const lines = chosen(this.lines, level, q);
    return html`<div class="stack">
      <div class="row">
        <button type="button" aria-pressed=${String(this.paused)} @click=${() => this.#pause()}>${this.paused ? t("logs.follow") : t("logs.pause")}</button>
        <button type="button" ?disabled=${this.first === 0} @click=${() => this.#older()}>${t("logs.older")}</button>
        <span class="muted" role="status">${this.paused ? t("logs.paused") : t("logs.follows")}</span>
      </div>
      <div class="log" tabindex="0" role="log" aria-live="off" aria-label=${this.#name} @scroll=${(event) => this.#scrolled(event)}>
        ${lines.length ? lines.map((line) => html`<p data-level=${line.level}>${line.text}</p>`) : html`<p class="muted">${t(this.lines.length ? "logs.empty" : "logs.nothing")}</p>`}
      </div>
    </div>`;
  }

  /** @param {{lines: {text: string, level: string}[], end: number, more: boolean}} past */
  #past({ lines, end, more }, level, q) {
    const shown = chosen(lines, level, q);
    return html`<div class="stack">
      <div class="row">
        <button type="button" @click=${() => setParams({ at: "" }, false)}>${t("logs.back")}</button>
        <span class="muted" role="status">${lines.length ? t("logs.from", { time: formatExact(this.route.params.at, locale) }) : t("logs.nothing.then")}</span>
      </div>
      <div class="log" tabindex="0" role="log" aria-live="off" aria-label=${this.#name}>
        ${shown.map((line) => html`<p data-level=${line.level}>${line.text}</p>`)}
      </div>
      ${more ? html`<p class="center"><button type="button" @click=${() => this.#from({ position: end }, lines)}>${t("more")}</button></p>` : nothing}
    </div>`;
  }

  #matches() {
    const { matches, complete, next } = this.found ?? { matches: [], complete: true, next: 0 };
    return html`<div class="stack">
      <div class="row">
        <button type="button" @click=${() => setParams({ find: "" }, false)}>${t("logs.back")}</button>
        <span class="muted" role="status">${t("logs.found", { n: matches.length })}</span>
      </div>
      <div class="log" tabindex="0" role="log" aria-label=${t("logs.find")}>
        ${matches.map(({ line, text }) => html`<p><span class="muted">${line + 1}</span> ${text}</p>`)}
      </div>
      ${complete ? nothing : html`<button type="button" @click=${() => this.#findFrom(this.route.params.find ?? "", next, matches)}>${t("logs.more")}</button>`}
    </div>`;
  }
}

customElements.define("qb-logs", Logs);
