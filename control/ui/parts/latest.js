// <qb-latest>: what was done last. What is new waits while the pointer is over the list, so that nothing moves under it.
import { read } from "../api.js";
import { Element, gathered, html, nothing, undisturbed } from "../element.js";
import { formatRoute } from "../urlstate.js";
import { repeat } from "../vendor/lit.js";
import { t } from "../words.js";
import { entryRow } from "./entry.js";

const SHOWN = 6;

class Latest extends Element {
  static properties = { entries: { state: true } };
  #refresh = () => this.isConnected && this.#load();
  #reload = gathered(() => undisturbed(this, this.#refresh), 1000);

  constructor() {
    super();
    /** @type {import("../answers.js").Decision[]} */
    this.entries = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
    this.follow(["decision"], (entry) => this.#changed(entry));
    this.follow(["reset"], () => this.#load());
    this.follow(["connection"], ({ again }) => again && this.#load());
  }

  #load() {
    this.load(() => read("decisions", { limit: SHOWN }), ({ decisions }) => (this.entries = decisions));
  }

  #changed(entry) {
    if (this.entries.some(({ id }) => id === entry.id)) {
      this.entries = this.entries.map((shown) => (shown.id === entry.id ? entry : shown));
    } else {
      this.#reload();
    }
  }

  render() {
    return this.entries.length
      ? html`<section aria-labelledby="latest-title">
          <h2 id="latest-title" class="row"><span class="grow">${t("latest")}</span><a href=${formatRoute("activity")}>${t("latest.all")}</a></h2>
          <ol class="entries" data-rows>${repeat(this.entries, ({ id }) => id, entryRow)}</ol>
        </section>`
      : nothing;
  }
}

customElements.define("qb-latest", Latest);
