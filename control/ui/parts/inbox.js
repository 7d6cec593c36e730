// <qb-inbox>: everything that waits for the user, each with what is safe to do about it.
import { read, write } from "../api.js";
import { Element, gathered, html, nothing } from "../element.js";
import { capitalised } from "../format.js";
import { formatRoute } from "../urlstate.js";
import { repeat } from "../vendor/lit.js";
import { t } from "../words.js";
import { chip } from "./chip.js";
import { confirmed } from "./dialog.js";
import { icon } from "./icon.js";
import { attempt } from "./toasts.js";
import { explain } from "../opentorrent.js";

const IMPORT_BUTTONS = { import: "strong", blocklist: "danger", leave: "" };
/** Matters whose number, and whose text, changes. */
const COUNTING = new Set(["approval", "space", "orphans"]);
const TROUBLED = new Set(["worker", "service", "credentials"]);
const URGENT = new Set(["approval", "credentials", "worker", "disk", "failed"]);

class Inbox extends Element {
  static properties = { entries: { state: true }, workers: { state: true } };
  #reload = gathered(() => this.#load(), 400);

  constructor() {
    super();
    /** @type {import("../answers.js").InboxEntry[]} */
    this.entries = [];
    this.workers = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
    this.follow(["process", "decision", "breaker", "settings", "config", "update", "inbox", "reset"], () => this.#reload());
    this.follow(["connection"], ({ again }) => again && this.#load());
  }

  #load() {
    this.load(() => Promise.all([read("inbox"), read("status")]), ([{ entries }, { arrs }]) => {
      this.entries = entries;
      this.workers = arrs.length;
    });
  }

  render() {
    const { shown, needsSetup } = this.#sorted;
    return html`<section aria-labelledby="needs-title" class="needs">
      <h2 id="needs-title">${t("needs")} ${shown.length ? html`<span class="count">${shown.length}</span>` : nothing}</h2>
      ${this.note()}
      ${needsSetup
        ? html`<div class="panel"><h3>${t("setup.needed")}</h3><p>${t("setup.needed.text")}</p>
            <p><a class="button strong" href=${formatRoute("setup")}>${t("setup.begin")}</a></p></div>`
        : nothing}
      ${shown.length ? html`<ul class="cards inbox">${repeat(shown, keyOf, (entry) => this.#entry(entry))}</ul>` : needsSetup ? nothing : this.#nothing()}
    </section>`;
  }

  /** Before the first Arr works, the gaps of the configuration are one matter. */
  get #sorted() {
    const needsSetup = this.entries.filter(({ matter }) => matter === "configuration").length > 2 && !this.workers;
    return { needsSetup, shown: needsSetup ? this.entries.filter(({ matter }) => matter !== "configuration") : this.entries };
  }

  #nothing() {
    return this.loaded && !this.error
      ? html`<p class="calm">${icon("check")}<span><strong>${t("needs.none")}</strong> ${t("needs.none.more")}</span></p>`
      : nothing;
  }

  #entry(entry) {
    const { matter, category = "", name = "", text = "", remedy = "", words = "", number = 0, since } = entry;
    return html`<li class="card" data-kind=${URGENT.has(matter) ? "bad" : matter === "update" ? "busy" : "wait"}>
      <p class="row">${chip(t(`about.${matter}`), URGENT.has(matter) ? "bad" : matter === "update" ? "busy" : "wait")}
        <span class="muted">${category}</span>
        ${since ? html`<qb-time class="muted" at=${since}></qb-time>` : nothing}</p>
      <h3>${t(`matter.${matter}`, { n: number, category, name })}</h3>
      ${text ? html`<p class="reason">${capitalised(text)}</p>` : nothing}
      ${words ? html`<blockquote class="reason">${words}</blockquote>` : nothing}
      ${remedy ? html`<p>${capitalised(remedy)}</p>` : nothing}
      <footer>${this.#answers(entry)}</footer>
    </li>`;
  }

  #answers(entry) {
    const { matter, category = "", name = "", number = 0, hash = "", tracker = "", answers = [] } = entry;
    const section = encodeURIComponent(category);
    switch (matter) {
      case "approval":
        return html`
          <button type="button" class="strong" @click=${() => this.#decide("discard", section, category, number)}>${t("discard")}</button>
          <button type="button" class="danger" @click=${() => this.#decide("approve", section, category, number)}>${t("approve")}</button>
          <a class="button" href=${formatRoute("activity", [], { state: "awaiting_approval", category })}>${t("show.held")}</a>`;
      case "ask":
        return html`
          <button type="button" class="strong" @click=${() => this.#answer("leave", number, name)}>${t("answer.leave")}</button>
          <button type="button" class="danger" @click=${() => this.#answer("do", number, name)}>${t("answer.do")}</button>
          <button type="button" @click=${() => explain(hash, name)}>${t("why")}</button>
          ${tracker
            ? html`<button type="button" @click=${() => this.#answer("leave", number, name, tracker)}>${t("answer.leave.always", { tracker })}</button>
                <button type="button" class="danger" @click=${() => this.#answer("do", number, name, tracker)}>${t("answer.do.always", { tracker })}</button>`
            : nothing}`;
      case "credentials":
        return html`<a class="button strong" href=${formatRoute("config", [name])}>${t("configure")}</a>
          <button type="button" @click=${() => attempt(() => write(`processes/${section}/all/restart`))}>${t("restart")}</button>`;
      case "setting":
        return html`<button type="button" @click=${() => attempt(() => write(`arr/${section}/read-settings`))}>${t("setting.again")}</button>`;
      case "space":
        return html`<a class="button" href=${formatRoute("room")}>${t("room.show")}</a>
          <a class="button" href=${formatRoute("config", ["Settings"], { q: "FreeSpace" })}>${t("configure")}</a>`;
      case "disk":
      case "other_tool":
        return html`<a class="button" href=${formatRoute("logs")}>${t("logs.open")}</a>`;
      case "worker":
      case "service":
        return html`
          <button type="button" @click=${() => attempt(() => write(`processes/${section}/all/restart`))}>${t("restart")}</button>
          <a class="button" href=${formatRoute("logs")}>${t("logs.open")}</a>`;
      case "import":
        return html`${answers.map((choice) => html`<button type="button" class=${IMPORT_BUTTONS[choice]} @click=${() => this.#import(entry, choice)}>${t(`import.${choice}`)}</button>`)}
          <button type="button" @click=${() => explain(hash, name)}>${t("why")}</button>`;
      case "orphans":
        return html`<a class="button strong" href=${formatRoute("orphans", [], { state: "found" })}>${t("orphans.show")}</a>`;
      case "failed":
        return html`<button type="button" @click=${() => explain(hash, name)}>${t("why")}</button>`;
      case "configuration":
        return html`<a class="button" href=${formatRoute("config", name.split(".").slice(0, 1), { q: name.split(".").slice(1).join(".") })}>${t("configure")}</a>`;
      case "update":
        return html`<a class="button" href=${formatRoute("about")}>${t("update.open")}</a>`;
    }
    return nothing;
  }

  /** With a tracker it is the answer about everything that the same rule asks about its torrents. */
  async #answer(what, number, name, tracker = "") {
    const key = tracker ? `answer.${what}.always` : `answer.${what}`;
    const agree = await confirmed(t(`${key}.title`, { name, tracker }), t(`${key}.text`), t(key, { tracker }), what === "do");
    if (agree && (await attempt(() => write(`actions/${number}/answer`, { answer: what, always: tracker !== "" })))) {
      this.#load();
    }
  }

  /** What is to become of a download that its Arr does not import: an answer to the reason that is shown. */
  async #import({ category, instance, hash, name, text }, choice) {
    const key = `import.${choice}`;
    const agree = await confirmed(t(`${key}.title`, { name }), t(`${key}.text`), t(key), choice === "blocklist");
    const answer = { section: category, instance, hash, answer: choice, because: text };
    if (agree && (await attempt(() => write("imports/answer", answer)))) {
      this.#load();
    }
  }

  /** What came after the question is not removed without another one. */
  async #decide(what, section, category, number) {
    const agree = await confirmed(t(`${what}.title`, { n: number, category }), t(`${what}.text`), t(what), what === "approve");
    const answer = async () => {
      if (what === "approve" && (await held(category)) !== number) {
        throw new Error(t("approve.changed"));
      }
      return write(`arr/${section}/${what}`);
    };
    if (agree) {
      await attempt(answer);
      this.#load();
    }
  }
}

/** What an entry is about, so that what is pressed stays with it while others come and go. @param {import("../answers.js").InboxEntry} entry */
const keyOf = ({ matter, category, instance, name, hash, since, number, text }) =>
  JSON.stringify([matter, category, instance, name, hash, since, COUNTING.has(matter) ? null : number, TROUBLED.has(matter) ? null : text]);

/** How many removals of a category are held. @param {string} category @returns {Promise<number>} */
async function held(category) {
  const { entries } = await read("inbox");
  return entries.find((entry) => entry.matter === "approval" && entry.category === category)?.number ?? 0;
}

customElements.define("qb-inbox", Inbox);
