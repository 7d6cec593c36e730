// <qb-shadow>: that Shadow is on, what it kept from being done, and the way to go live. Nothing while it is off.
import { read, write } from "../api.js";
import { Element, html, nothing } from "../element.js";
import { shadowed } from "../shadowed.js";
import { formatRoute } from "../urlstate.js";
import { t } from "../words.js";
import { confirmed } from "./dialog.js";
import { icon } from "./icon.js";
import { attempt } from "./toasts.js";

const COUNTED = 100;

class Shadow extends Element {
  static properties = { sections: { state: true }, number: { state: true } };

  constructor() {
    super();
    /** Sections whose Shadow is on. @type {string[]} */
    this.sections = [];
    this.number = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
    this.follow(["config", "comparison"], () => this.#load());
    this.follow(["connection"], ({ again }) => again && this.#load());
  }

  #load() {
    const both = async () => {
      const sections = shadowed(await read("config"));
      return { sections, decisions: sections.length ? (await read("decisions", { shadow: true, limit: COUNTED })).decisions : [] };
    };
    this.load(both, ({ sections, decisions }) => {
      this.sections = sections;
      this.number = decisions.length;
    });
  }

  failed() {} // a login is needed, or the file is being edited: other parts say so

  async #goLive() {
    const { sections } = this; // others may turn it on meanwhile
    const agreed = await confirmed(t("shadow.live.title"), t("shadow.live.text", { list: this.#names }), t("shadow.live"), true);
    if (agreed && (await attempt(() => write("config", { changes: Object.fromEntries(sections.map((name) => [`${name}.Shadow`, false])) }), t("shadow.is.live")))) {
      this.#load();
    }
  }

  get #names() {
    return this.sections.includes("Settings") ? t("shadow.everything") : this.sections.join(", ");
  }

  render() {
    const n = this.number === COUNTED ? t("shadow.many", { n: COUNTED }) : t("shadow.count", { n: this.number });
    return this.sections.length
      ? html`<section class="card shadow" aria-label="Shadow">
          <p class="row">${icon("shadow")}<strong>${t("shadow.on", { list: this.#names })}</strong></p>
          <p>${n} ${t("shadow.on.text")}</p>
          <footer>
            <a class="button" href=${formatRoute("activity", [], { shadow: true })}>${t("shadow.show")}</a>
            <a class="button" href=${formatRoute("comparison")}>${t("view.comparison")}</a>
            <button type="button" @click=${() => this.#goLive()}>${t("shadow.live")}</button>
          </footer>
        </section>`
      : nothing;
  }
}

customElements.define("qb-shadow", Shadow);
