// <qb-torrent>: all that is known of one torrent: its verdict with every rule that was asked, and what was done to it.
import { read, write } from "../api.js";
import { Element, html, nothing } from "../element.js";
import { formatFact } from "../facts.js";
import { capitalised, formatExact, spaced } from "../format.js";
import { canUndo, deed, ending, kindOf, reason } from "../sentences.js";
import { locale, named, t } from "../words.js";
import { chip } from "./chip.js";
import { confirmed, show } from "./dialog.js";
import { copy } from "../save.js";
import { attempt, notify } from "./toasts.js";
import "./time.js";

class Torrent extends Element {
  static properties = { hash: {}, known: { state: true } };

  constructor() {
    super();
    this.hash = "";
    /** @type {import("../answers.js").Explanation | null} */
    this.known = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow(["decision"], ({ hash }) => hash === this.hash && this.#load());
  }

  willUpdate(changed) {
    if (changed.has("hash") && this.hash) {
      this.known = null;
      this.loaded = false;
      this.#load();
    }
  }

  #load() {
    const hash = this.hash;
    this.load(() => read(`torrents/${encodeURIComponent(hash)}/explain`), (answer) => (this.known = answer));
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
            ${history.length
              ? html`<ol class="timeline">${[...history].reverse().map((entry) => this.#entry(entry))}</ol>`
              : html`<p class="muted">${t("history.none")}</p>`}
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

  #entry(entry) {
    return html`<li data-kind=${kindOf(entry.state)}>
      <p><strong>${deed(entry).replace(/:$/, "")}</strong> <qb-time at=${entry.plannedAt}></qb-time></p>
      <p>${reason(entry)}</p>
      <p class="muted">${ending(entry)}</p>
      ${this.#facts(entry.facts)}
      ${canUndo(entry) ? html`<button type="button" @click=${() => undo(entry)}>${t("undo")}</button>` : nothing}
    </li>`;
  }

  #facts(facts) {
    const rows = Object.entries(facts).map(([name, value]) => formatFact(name, value, locale));
    return rows.length
      ? html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
      : nothing;
  }
}

customElements.define("qb-torrent", Torrent);

/** Shows all that is known of a torrent. */
export const explain = (hash, name) => show(name, html`<qb-torrent .hash=${hash}></qb-torrent>`);

/** Takes a removal back, after a question. */
export async function undo({ id, name }) {
  if (await confirmed(t("undo.title"), t("undo.text", { name }), t("undo"))) {
    await attempt(() => write(`actions/${id}/undo`));
  }
}
