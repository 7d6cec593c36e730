// <qb-torrent>: all that is known of one torrent: its verdict with every rule that was asked, and what happened to it.
import { read } from "../api.js";
import { Element, html, nothing } from "../element.js";
import { formatFact } from "../facts.js";
import { capitalised, formatExact, spaced } from "../format.js";
import { nameInList } from "../opentorrent.js";
import { locale, named, t } from "../words.js";
import { chip } from "./chip.js";
import { setParams } from "../router.js";
import { dismiss, show } from "./dialog.js";
import { actionRow, eventRow } from "./event.js";
import { copy } from "../save.js";
import { notify } from "./toasts.js";
import "./time.js";

class Torrent extends Element {
  static properties = { hash: {}, known: { state: true }, timeline: { state: true } };

  constructor() {
    super();
    this.hash = "";
    /** @type {import("../answers.js").Explanation | null} */
    this.known = null;
    /** What happened to it; null until all have answered. @type {import("../answers.js").Timeline | null} */
    this.timeline = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow(["decision"], ({ hash }) => hash === this.hash && this.#load());
  }

  willUpdate(changed) {
    if (changed.has("hash") && this.hash) {
      this.known = this.timeline = null;
      this.loaded = false;
      this.error = "";
      this.#load();
    }
  }

  #load() {
    const hash = this.hash;
    const path = `torrents/${encodeURIComponent(hash)}`;
    this.load(() => read(`${path}/explain`), (answer) => (this.known = answer));
    read(`${path}/timeline`).then((answer) => hash === this.hash && (this.timeline = answer), () => {}); // the history is there without it
  }

  render() {
    const { torrents = [], history = [] } = this.known ?? {};
    return html`${this.note()}
      ${this.known
        ? html`
            <p class="hash row"><code>${this.hash}</code> <button type="button" @click=${() => this.#copy()}>${t("copy")}</button></p>
            ${torrents.map((verdict) => this.#verdict(verdict))}
            ${torrents.length ? nothing : html`<p>${t("verdict.gone")}</p>`}
            <h3>${t("history")}</h3>
            ${this.#events(this.timeline?.events ?? history.map(ofLedger))}
            ${this.timeline ? nothing : html`<p class="muted" role="status">${t("history.asking")}</p>`}
            ${(this.timeline?.missing ?? []).map(({ category, error }) => html`<p class="note" data-kind="wait">${t("history.missing", { category, error })}</p>`)}
          `
        : nothing}`;
  }

  async #copy() {
    await copy(this.hash).then(() => notify(t("copied")), () => notify(t("copy.failed"), "bad"));
  }

  #verdict(verdict) {
    const { instance, category, action, because, since, revisitAt, forecast, trace } = verdict;
    return html`<section>
      <h3>${t("verdict.now", { instance })}</h3>
      <p>${chip(capitalised(named("action", action)), action === "nothing" ? "still" : "busy")} ${capitalised(because)}
        <span class="muted">(${category}, <qb-time at=${since}></qb-time>)</span></p>
      ${revisitAt
        ? html`<p class="muted" title=${formatExact(revisitAt, locale)}><qb-time at=${revisitAt}></qb-time>:
            ${forecast ? html`${named("action", forecast.action)}, ${forecast.because}` : "?"}</p>`
        : nothing}
      <ol class="trace">${trace.filter(({ outcome }) => outcome !== "pass").map((step) => this.#step(step))}</ol>
      <details>
        <summary>${t("verdict.trace", { n: trace.length })}</summary>
        <ol class="trace">${trace.map((step) => this.#step(step))}</ol>
      </details>
    </section>`;
  }

  #step({ rule, outcome, because, facts }) {
    return html`<li data-outcome=${outcome}>
      <strong>${spaced(rule)}</strong> <span class="end">${named("trace", outcome)}</span>
      <p>${capitalised(because)}</p>
      ${this.#facts(facts)}
    </li>`;
  }

  /** @param {import("../answers.js").TimelineEvent[]} events */
  #events(events) {
    return events.length
      ? html`<ol class="timeline">${[...events].reverse().map((event) => (event.decision ? actionRow(event.decision, this.#facts(event.decision.facts)) : eventRow(event)))}</ol>`
      : html`<p class="muted">${t("history.none")}</p>`;
  }

  #facts(facts) {
    const rows = Object.entries(facts).map(([name, value]) => formatFact(name, value, locale));
    return rows.length
      ? html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
      : nothing;
  }
}

customElements.define("qb-torrent", Torrent);

/** An action of ours as an event, for as long as the others are not known. @param {import("../answers.js").Decision} decision */
const ofLedger = (decision) => ({ at: decision.plannedAt, actor: /** @type {const} */ ("qbitrr"), kind: decision.action, category: decision.category, instance: decision.instance, text: decision.because, hash: decision.hash, decision });

/** The hash of the torrent that the dialog shows. */
let shown = "";

/** Shows the torrent that the address names, or closes it when the address names none any more. @param {string} hash */
export async function followTorrent(hash) {
  if (hash === shown) {
    return;
  }
  if (shown) {
    shown = "";
    dismiss();
  }
  if (!hash) {
    return;
  }
  shown = hash;
  const known = nameInList(hash);
  const name = known ?? (await nameOf(hash));
  if (shown === hash) {
    await show(name, html`<qb-torrent .hash=${hash}></qb-torrent>`);
  }
  if (shown !== hash) {
    return; // the address left it
  }
  shown = "";
  if (known !== null) {
    history.back();
  } else {
    setParams({ torrent: "" });
  }
}

/** The name of a torrent that is only known by its hash. @param {string} hash @returns {Promise<string>} */
async function nameOf(hash) {
  const { name = hash } = await read(`torrents/${encodeURIComponent(hash)}/explain`).catch(() => ({}));
  return name;
}
