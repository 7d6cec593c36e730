// <qb-inbox>: everything that waits for the user, each with what is safe to do about it.
import { read, write } from "../api.js";
import { Element, html, nothing, settled } from "../element.js";
import { capitalised } from "../format.js";
import { formatRoute } from "../urlstate.js";
import { t } from "../words.js";
import { chip } from "./chip.js";
import { confirmed } from "./dialog.js";
import { icon } from "./icon.js";
import { attempt } from "./toasts.js";
import { explain } from "./torrent.js";

const URGENT = new Set(["approval", "worker", "failed"]);

class Inbox extends Element {
  static properties = { entries: { state: true } };
  #reload = settled(() => this.#load(), 400);

  constructor() {
    super();
    /** @type {import("../answers.js").InboxEntry[]} */
    this.entries = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
    this.follow(["process", "decision", "breaker", "settings", "config", "update", "reset"], () => this.#reload());
    this.follow(["connection"], ({ again }) => again && this.#load());
  }

  #load() {
    this.load(() => read("inbox"), ({ entries }) => (this.entries = entries));
  }

  render() {
    return html`<section aria-labelledby="needs-title" class="needs">
      <h2 id="needs-title">${t("needs")} ${this.entries.length ? html`<span class="count">${this.entries.length}</span>` : nothing}</h2>
      ${this.note()}
      ${this.entries.length ? html`<ul class="cards inbox">${this.entries.map((entry) => this.#entry(entry))}</ul>` : this.#nothing()}
    </section>`;
  }

  #nothing() {
    return this.loaded && !this.error
      ? html`<p class="calm">${icon("check")}<span><strong>${t("needs.none")}</strong> ${t("needs.none.more")}</span></p>`
      : nothing;
  }

  #entry(entry) {
    const { matter, category = "", name = "", text = "", remedy = "", number = 0, since } = entry;
    return html`<li class="card" data-kind=${URGENT.has(matter) ? "bad" : matter === "update" ? "busy" : "wait"}>
      <p class="row">${chip(t(`about.${matter}`), URGENT.has(matter) ? "bad" : matter === "update" ? "busy" : "wait")}
        <span class="muted">${category}</span>
        ${since ? html`<qb-time class="muted" at=${since}></qb-time>` : nothing}</p>
      <h3>${t(`matter.${matter}`, { n: number, category, name })}</h3>
      ${text ? html`<p class="reason">${capitalised(text)}</p>` : nothing}
      ${remedy ? html`<p>${capitalised(remedy)}</p>` : nothing}
      <footer>${this.#answers(entry)}</footer>
    </li>`;
  }

  #answers({ matter, category = "", name = "", number = 0, hash = "" }) {
    const section = encodeURIComponent(category);
    switch (matter) {
      case "approval":
        return html`
          <button type="button" class="strong" @click=${() => this.#decide("discard", section, category, number)}>${t("discard")}</button>
          <button type="button" class="danger" @click=${() => this.#decide("approve", section, category, number)}>${t("approve")}</button>
          <a class="button" href=${formatRoute("activity", [], { state: "awaiting_approval", category })}>${t("show.held")}</a>`;
      case "worker":
      case "service":
        return html`
          <button type="button" @click=${() => attempt(() => write(`processes/${section}/all/restart`))}>${t("restart")}</button>
          <a class="button" href=${formatRoute("logs")}>${t("logs.open")}</a>`;
      case "import":
      case "failed":
        return html`<button type="button" @click=${() => explain(hash, name)}>${t("why")}</button>`;
      case "configuration":
        return html`<a class="button" href=${formatRoute("config", name.split(".").slice(0, 1), { q: name.split(".").slice(1).join(".") })}>${t("configure")}</a>`;
      case "update":
        return html`<a class="button" href=${formatRoute("about")}>${t("update.open")}</a>`;
    }
    return nothing;
  }

  async #decide(what, section, category, number) {
    const agree = await confirmed(t(`${what}.title`, { n: number, category }), t(`${what}.text`), t(what), what === "approve");
    if (agree && (await attempt(() => write(`arr/${section}/${what}`)))) {
      this.#load();
    }
  }
}

customElements.define("qb-inbox", Inbox);
