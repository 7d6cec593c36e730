// <qb-sessions>: the logins that are valid, each with its end. Nothing for those who may not see them.
import { read, write } from "../api.js";
import { Element, html, nothing } from "../element.js";
import { capitalised } from "../format.js";
import { repeat } from "../vendor/lit.js";
import { t } from "../words.js";
import { chip } from "./chip.js";
import { confirmed } from "./dialog.js";
import { attempt } from "./toasts.js";

const HIDDEN = new Set([401, 403, 404]);

/** @typedef {{id: string, method: string, user: string, address: string, startedAt: string, lastUsedAt: string | null, current: boolean}} Session */

class Sessions extends Element {
  static properties = { sessions: { state: true } };

  constructor() {
    super();
    /** @type {Session[]} */
    this.sessions = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
  }

  #load() {
    this.load(() => read("sessions"), ({ sessions }) => (this.sessions = sessions));
  }

  failed(error) {
    if (HIDDEN.has(error.status)) {
      this.sessions = [];
      this.loaded = true;
    } else {
      super.failed(error);
    }
  }

  /** @param {Session[]} ended */
  async #end(path, question, ended) {
    if ((await confirmed(question, t("sessions.text"), t("sessions.end"), true)) && (await attempt(() => write(path)))) {
      if (ended.some(({ current }) => current)) {
        this.emit("logged-out");
      } else {
        this.#load();
      }
    }
  }

  render() {
    return this.sessions.length
      ? html`<section class="panel" aria-labelledby="sessions-title">
          <div class="row">
            <h2 id="sessions-title" class="grow">${t("sessions.title")}</h2>
            <button type="button" @click=${() => this.#end("sessions/revoke", t("sessions.all.title"), this.sessions)}>${t("sessions.all")}</button>
          </div>
          <ul>${repeat(this.sessions, ({ id }) => id, (session) => this.#row(session))}</ul>
        </section>`
      : nothing;
  }

  /** @param {Session} session */
  #row(session) {
    const { id, method, user, address, startedAt, lastUsedAt, current } = session;
    return html`<li class="item">
      <span class="grow">${user || capitalised(method)} <span class="muted">${method}, ${address}, <qb-time at=${lastUsedAt ?? startedAt}></qb-time></span></span>
      ${current ? chip(t("sessions.this"), "good") : nothing}
      <button type="button" aria-label="${t("sessions.end")}: ${user || method}, ${address}"
        @click=${() => this.#end(`sessions/${encodeURIComponent(id)}/revoke`, t("sessions.end.title"), [session])}>${t("sessions.end")}</button>
    </li>`;
  }
}

customElements.define("qb-sessions", Sessions);
