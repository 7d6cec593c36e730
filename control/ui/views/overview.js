// <qb-overview>: what needs the user, then how everything is.
import { read } from "../api.js";
import { perDay } from "../days.js";
import { Element, html, nothing, settled } from "../element.js";
import { formatCount } from "../format.js";
import { bars } from "../parts/bars.js";
import { entryRow } from "../parts/entry.js";
import "../parts/inbox.js";
import "../parts/qbittorrents.js";
import "../parts/workers.js";
import { formatRoute } from "../urlstate.js";
import { repeat } from "../vendor/lit.js";
import { locale, t } from "../words.js";

const LATEST = 6;
const DAYS = 14;
const SERIES = [
  ["did.import", ["import"], "good"],
  ["did.fail", ["fail", "fail_rest"], "bad"],
  ["did.remove", ["remove", "delete_files"], "wait"],
  ["did.search_again", ["search_again"], "busy"],
];

class Overview extends Element {
  static properties = { activity: { state: true }, latest: { state: true } };
  #reload = settled(() => this.#load(), 1000);

  constructor() {
    super();
    /** @type {import("../answers.js").Activity | null} */
    this.activity = null;
    /** @type {import("../answers.js").Decision[]} */
    this.latest = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
    this.follow(["decision", "reset"], () => this.#reload());
    this.follow(["connection"], ({ again }) => again && this.#load());
  }

  #load() {
    const offset = -new Date().getTimezoneOffset();
    const both = () =>
      Promise.all([read("activity", { days: DAYS, offset_minutes: offset }), read("decisions", { limit: LATEST })]);
    this.load(both, ([activity, { decisions }]) => {
      this.activity = activity;
      this.latest = decisions;
    });
  }

  render() {
    return html`
      <h1 class="visually-hidden">${t("view.overview")}</h1>
      <qb-inbox></qb-inbox>
      <qb-workers></qb-workers>
      <qb-qbittorrents></qb-qbittorrents>
      ${this.activity ? this.#days(this.activity) : this.note()}
      ${this.latest.length ? this.#latest() : nothing}
    `;
  }

  #days(activity) {
    const format = (number) => formatCount(number, locale);
    return html`<section aria-labelledby="days-title">
      <h2 id="days-title">${t("days")}</h2>
      <div class="cards days">
        ${SERIES.map(([title, actions, kind]) => bars(t(String(title)).replace(/:$/, ""), perDay(activity, /** @type {string[]} */ (actions)), format, String(kind)))}
      </div>
    </section>`;
  }

  #latest() {
    return html`<section aria-labelledby="latest-title">
      <h2 id="latest-title" class="row"><span class="grow">${t("latest")}</span><a href=${formatRoute("activity")}>${t("latest.all")}</a></h2>
      <ol class="entries" data-rows>${repeat(this.latest, ({ id }) => id, entryRow)}</ol>
    </section>`;
  }
}

customElements.define("qb-overview", Overview);
