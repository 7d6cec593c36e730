// <qb-about>: versions, updating, and what concerns the whole daemon.
import { besidePage, logOut, read, write } from "../api.js";
import { Element, html, nothing } from "../element.js";
import { confirmed } from "../parts/dialog.js";
import "../parts/answers.js";
import "../parts/downloads.js";
import "../parts/sessions.js";
import { attempt } from "../parts/toasts.js";
import { t } from "../words.js";

class About extends Element {
  static properties = { route: {}, about: { state: true } };

  constructor() {
    super();
    this.route = { view: "about", path: [], params: {} };
    /** @type {import("../answers.js").About | null} */
    this.about = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.load(() => read("meta", { at_once: true }), (about) => (this.about = about)).then(() => this.#load(false));
    this.follow(["update"], () => this.#load(false));
    this.follow(["connection"], ({ again }) => again && this.#load(false));
  }

  #load(force) {
    return this.load(() => read("meta", { force }), (about) => (this.about = about));
  }

  async #ask(what, path, body = {}) {
    if (await confirmed(t(`about.${what}.title`), t(`about.${what}.text`), t(`about.${what}`))) {
      await attempt(() => write(path, body));
    }
  }

  async #update(version) {
    if (await confirmed(t("about.start.title", { version }), t("about.start.text"), t("about.start", { version }))) {
      await attempt(() => write("update"));
      this.#load(false);
    }
  }

  async #logOut() {
    if (await attempt(logOut, t("login.out"))) {
      this.emit("logged-out");
    }
  }

  async #setPassword(event) {
    event.preventDefault();
    const form = event.target;
    if (await attempt(() => write("password", Object.fromEntries(new FormData(form))))) {
      form.reset();
    }
  }

  render() {
    return html`
      <header class="head"><h1>${t("view.about")}</h1></header>
      ${this.note()} ${this.about ? this.#version(this.about) : nothing}
      <section class="panel" aria-label=${t("about.restart")}>
        <div class="row">
          <button type="button" @click=${() => this.#ask("restart", "restart")}>${t("about.restart")}</button>
          <button type="button" @click=${() => attempt(() => write("arr/rebuild"))}>${t("about.rebuild")}</button>
          <a class="button" href=${besidePage("ui/api.html")}>${t("about.interface")}</a>
          <button type="button" @click=${() => this.#logOut()}>${t("login.out")}</button>
        </div>
      </section>
      <qb-answers></qb-answers>
      <qb-sessions></qb-sessions>
      <qb-downloads></qb-downloads>
      <section class="panel" aria-labelledby="password-title">
        <h2 id="password-title">${t("about.password")}</h2>
        <p class="muted">${t("about.password.text")}</p>
        <form class="filters" @submit=${(event) => this.#setPassword(event)}>
          <label>${t("login.user")}<input name="username" autocomplete="username" required /></label>
          <label>${t("login.password")}<input name="password" type="password" autocomplete="new-password" minlength="8" required /></label>
          <button>${t("about.password.set")}</button>
        </form>
      </section>
    `;
  }

  /** @param {import("../answers.js").About} about */
  #version({ current_version: current, latest_version: latest, update_available: newer, last_checked: checked, installation, changelog, update_state: state, error }) {
    return html`<section class="panel" aria-label=${t("about.version")}>
      <dl class="numbers">
        <div><dt>${t("about.version")}</dt><dd>${current}</dd></div>
        <div><dt>${t("about.newest")}</dt><dd>${checked ? latest : "–"}</dd></div>
        <div><dt>${t("about.checked")}</dt><dd>${checked ? html`<qb-time at=${checked}></qb-time>` : "–"}</dd></div>
        <div><dt>${t("about.installation")}</dt><dd>${installation}</dd></div>
      </dl>
      ${state.in_progress ? html`<p class="note" role="status">${t("about.running")}</p>` : nothing}
      ${state.last_result === "failed" ? html`<p class="note" data-kind="bad">${t("about.failed.update", { error: state.last_error })}</p>` : nothing}
      ${error ? html`<p class="muted">${error}</p>` : nothing}
      <div class="row">
        ${newer ? html`<button type="button" class="strong" ?disabled=${state.in_progress} @click=${() => this.#update(latest)}>${t("about.start", { version: latest })}</button>` : nothing}
        <button type="button" @click=${() => this.#load(true)}>${t("about.check")}</button>
        ${newer || error || !checked ? nothing : html`<span class="muted">${t("about.current")}</span>`}
      </div>
      ${changelog ? html`<h2>${t("about.changes")}</h2><pre class="changelog">${changelog}</pre>` : nothing}
    </section>`;
  }
}

customElements.define("qb-about", About);
