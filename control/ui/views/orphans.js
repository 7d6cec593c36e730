// <qb-orphans>: files that no torrent knows, with size and age, where they were moved to, and the way back.
import { read, write } from "../api.js";
import { Element, gathered, html, nothing } from "../element.js";
import { capitalised, formatBytes, formatDuration, formatExact } from "../format.js";
import { LARGEST_PAGE } from "../listexport.js";
import { chip } from "../parts/chip.js";
import { confirmed } from "../parts/dialog.js";
import { attempt } from "../parts/toasts.js";
import { setParams } from "../router.js";
import { formatRoute } from "../urlstate.js";
import { repeat } from "../vendor/lit.js";
import { locale, t } from "../words.js";

const PAGE = 100;
const STATES = ["", "found", "aside", "left", "restored", "purged", "gone"];
const KINDS = { found: "wait", aside: "busy", restored: "good", gone: "bad" };
const ANSWERS = { found: ["move", "leave"], left: ["reconsider"], restored: ["reconsider"], aside: ["restore"] };

class Orphans extends Element {
  static properties = { route: {}, answer: { state: true }, rows: { state: true } };
  #reload = gathered(() => this.#load(), 1000);

  constructor() {
    super();
    /** @type {import("../urlstate.js").Route} */
    this.route = { view: "orphans", path: [], params: {} };
    /** @type {import("../answers.js").Orphans | null} */
    this.answer = null;
    /** @type {import("../answers.js").OrphanView[]} */
    this.rows = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow(["orphans", "inbox", "config", "reset"], () => this.#reload());
    this.follow(["connection"], ({ again }) => again && this.#load());
  }

  willUpdate(changed) {
    if (changed.has("route")) {
      this.#load();
    }
  }

  #load() {
    const { state = "" } = this.route.params;
    const limit = Math.min(LARGEST_PAGE, Math.max(PAGE, this.rows.length));
    this.load(() => read("orphans", { state, limit }), (answer) => {
      this.answer = answer;
      this.rows = answer.orphans;
    }, state);
  }

  #more() {
    const { state = "" } = this.route.params;
    return this.loadMore(() => this.answer?.next ?? null, (after) => read("orphans", { state, limit: PAGE, after }), (answer) => {
      this.answer = answer;
      this.rows = [...this.rows, ...answer.orphans];
    });
  }

  /** @param {string} what @param {number[]} ids */
  async #decide(what, ids, name = "") {
    const n = ids.length;
    const agree = what !== "move" || (await confirmed(t("orphans.move.title", { n, name }), t("orphans.move.text"), t("orphans.move"), true));
    const answer = async () => {
      let answered;
      for (let first = 0; first < n; first += LARGEST_PAGE) {
        answered = await write("orphans/answer", { answer: what, ids: ids.slice(first, first + LARGEST_PAGE) });
      }
      return answered;
    };
    if (agree) {
      await attempt(answer, n > LARGEST_PAGE ? t(`orphans.${what}.all`, { n }) : "");
      this.#reload();
    }
  }

  /** Answers for all files that wait now: those that are counted in the question, and no later ones. @param {string} what */
  async #decideAll(what) {
    try {
      await this.#decide(what, await waiting());
    } catch (error) {
      this.failed(error);
    }
  }

  render() {
    const found = this.answer;
    return html`
      <header class="head"><h1>${t("view.orphans")}</h1></header>
      ${this.note()}
      ${found?.mode === "off" ? html`<p class="empty">${t("orphans.off")} <a class="button" href=${formatRoute("config", ["Settings"], { q: "Orphans" })}>${t("configure")}</a></p>` : nothing}
      ${found && (found.mode !== "off" || this.rows.length) ? this.#content(found) : nothing}
    `;
  }

  /** @param {import("../answers.js").Orphans} found */
  #content({ mode, listedAt, completeAt, refusals, folders, notKept, namesUnreadable, totals, failures, next }) {
    const due = totals.reduce((sum, { dueFiles }) => sum + dueFiles, 0);
    const { state = "" } = this.route.params;
    return html`
      <p class="muted spaced">${listedAt ? html`${t("orphans.listed")} <qb-time at=${listedAt}></qb-time>. ${t(`orphans.mode.${mode}`)}` : t("orphans.not.yet")}</p>
      ${refusals.length
        ? html`<div class="note spaced" data-kind="wait"><p>${t("orphans.refused")} ${completeAt ? html`${t("orphans.complete")} <qb-time at=${completeAt}></qb-time>.` : nothing}</p>
            <ul>${refusals.map((one) => html`<li>${one}</li>`)}</ul></div>`
        : nothing}
      ${folders.some(({ refusal }) => refusal)
        ? html`<details class="spaced"><summary>${t("orphans.folders", { n: folders.filter(({ refusal }) => refusal).length })}</summary>
            <ul>${folders.map(({ folder, refusal }) => (refusal ? html`<li><code>${folder}</code>: ${refusal}</li>` : nothing))}</ul></details>`
        : nothing}
      ${notKept ? html`<p class="muted spaced">${t("orphans.not.kept", { n: notKept })}</p>` : nothing}
      ${namesUnreadable ? html`<p class="muted spaced">${t("orphans.unreadable", { n: namesUnreadable })}</p>` : nothing}
      ${Object.entries(failures).map(([reason, n]) => html`<p class="muted spaced">${t("orphans.failure", { n, reason: t(`orphans.failure.${reason}`) })}</p>`)}
      <form class="filters" @submit=${(event) => event.preventDefault()}>
        <label>${t("orphans.state")}<select @change=${(event) => setParams({ state: event.target.value })}>
          ${STATES.map((name) => html`<option value=${name} .selected=${state === name}>${name ? this.#counted(name, totals) : t("all")}</option>`)}
        </select></label>
        ${mode === "ask" && due
          ? html`<button type="button" class="strong" @click=${() => this.#decideAll("leave")}>${t("orphans.leave.all", { n: due })}</button>
              <button type="button" class="danger" @click=${() => this.#decideAll("move")}>${t("orphans.move.all", { n: due })}</button>`
          : nothing}
      </form>
      ${this.rows.length ? html`<ol class="entries" data-rows>${repeat(this.rows, ({ id }) => id, (row) => this.#row(row, mode))}</ol>` : this.#nothing(state)}
      ${next ? html`<p class="center spaced"><button type="button" @click=${() => this.#more()}>${t("more")}</button></p>` : nothing}
    `;
  }

  #nothing(state) {
    return state
      ? html`<p class="empty">${t("orphans.filtered")} <button type="button" @click=${() => setParams({ state: "" })}>${t("clear")}</button></p>`
      : html`<p class="empty">${t("orphans.none")}</p>`;
  }

  #counted(state, totals) {
    const { files = 0, sizeBytes = 0 } = totals.find((one) => one.state === state) ?? {};
    return `${t(`orphan.${state}`)} (${files.toLocaleString(locale)}, ${formatBytes(sizeBytes, locale)})`;
  }

  /** @param {import("../answers.js").OrphanView} row */
  #row(row, mode) {
    const { id, folder, path, sizeBytes, modifiedAt, unknownSeconds, links, state, due, approved, because, problem, purgeAt } = row;
    const answers = (ANSWERS[state] ?? []).filter((what) => what !== "move" || (mode === "ask" && due && !approved));
    return html`<li class="orphan-row" tabindex="0" data-row>
      <div class="grow">
        <p class="clip" title="${folder}/${path}"><strong>${path}</strong></p>
        <p class="muted clip">${folder}</p>
        <p class="muted">${formatBytes(sizeBytes, locale)} · <span title=${formatExact(modifiedAt, locale)}>${t("orphan.changed")} <qb-time at=${modifiedAt}></qb-time></span>
          · ${t("orphan.unknown", { time: formatDuration(unknownSeconds) })}${links > 1 ? ` · ${t("orphan.links")}` : ""}</p>
        ${because ? html`<p class="muted">${capitalised(because)}</p>` : nothing}
        ${problem ? html`<p class="reason">${capitalised(problem)}</p>` : nothing}
      </div>
      <div class="row">
        ${chip(t(approved ? "orphan.approved" : due ? "orphan.due" : `orphan.${state}`), KINDS[state] ?? "still")}
        ${purgeAt ? html`<p class="muted">${t("orphan.purge")} <qb-time at=${purgeAt}></qb-time></p>` : nothing}
        ${answers.map((what) => html`<button type="button" class=${what === "move" ? "danger" : ""} @click=${() => this.#decide(what, [id], path)}>${t(`orphans.${what}`)}</button>`)}
      </div>
    </li>`;
  }
}

/** Ids of all files that wait for an answer. @returns {Promise<number[]>} */
async function waiting() {
  const ids = [];
  let after = "";
  do {
    const { orphans, next } = await read("orphans", { state: "found", limit: LARGEST_PAGE, after });
    ids.push(...orphans.filter(({ due, approved }) => due && !approved).map(({ id }) => id));
    after = next ?? "";
  } while (after);
  return ids;
}

customElements.define("qb-orphans", Orphans);
