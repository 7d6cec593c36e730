// <qb-supervisor>: the daemon itself.
import { health, read } from "../api.js";
import { Element, html, nothing } from "../element.js";
import { formatCount } from "../format.js";
import { formatRoute } from "../urlstate.js";
import { locale, t } from "../words.js";
import { chip } from "./chip.js";

class Supervisor extends Element {
  static properties = { about: { state: true }, health: { state: true } };

  constructor() {
    super();
    /** @type {import("../answers.js").About | null} */
    this.about = null;
    /** @type {import("../answers.js").Health | null} */
    this.health = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
    this.follow(["process"], () => this.#readKnown());
    this.follow(["update"], () => this.#load());
    this.follow(["connection"], ({ again }) => again && this.#load());
  }

  async #load() {
    await this.#readKnown();
    this.about = await read("meta").catch(() => this.about); // an index may keep this one waiting
  }

  #readKnown() {
    return this.load(() => Promise.all([read("meta", { at_once: true }), health()]), ([about, state]) => {
      this.about = about;
      this.health = state;
    });
  }

  render() {
    const { about, health: state } = this;
    return about && state
      ? html`<div class="card">
          <p class="row"><strong class="grow">qbitrr</strong> ${state.status === "ok" ? chip(t("state.running"), "good") : chip(t("state.degraded"), "bad")}</p>
          <p class="muted"><a href=${formatRoute("about")}>${about.current_version}</a> · ${about.installation}
            ${about.update_available ? html`· <a href=${formatRoute("about")}>${t("about.start", { version: about.latest_version })}</a>` : nothing}</p>
          <dl class="numbers">
            <div><dt>${t("supervisor.lag")}</dt><dd>${Math.round(state.loopLagSeconds * 1000).toLocaleString(locale)} ms</dd></div>
            <div><dt>${t("supervisor.faults")}</dt><dd>${formatCount(state.faults, locale)}</dd></div>
          </dl>
        </div>`
      : nothing;
  }
}

customElements.define("qb-supervisor", Supervisor);
