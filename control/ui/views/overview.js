// <qb-overview>: what needs the user, then how everything is.
import { read } from "../api.js";
import { perDay } from "../days.js";
import { Element, gathered, html } from "../element.js";
import { formatCount } from "../format.js";
import { bars } from "../parts/bars.js";
import "../parts/inbox.js";
import "../parts/latest.js";
import "../parts/peers.js";
import "../parts/qbittorrents.js";
import "../parts/shadow.js";
import "../parts/workers.js";
import { locale, t } from "../words.js";

const DAYS = 14;
const SERIES = [
  ["did.import", ["import"], "good"],
  ["did.fail", ["fail", "fail_rest"], "bad"],
  ["did.remove", ["remove", "delete_files"], "wait"],
  ["days.search_again", ["search_again"], "busy"],
];

class Overview extends Element {
  static properties = { activity: { state: true } };
  #reload = gathered(() => this.#load(), 1000);

  constructor() {
    super();
    /** @type {import("../answers.js").Activity | null} */
    this.activity = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
    this.follow(["decision", "reset"], () => this.#reload());
    this.follow(["connection"], ({ again }) => again && this.#load());
  }

  #load() {
    const offset = -new Date().getTimezoneOffset();
    this.load(() => read("activity", { days: DAYS, offset_minutes: offset }), (activity) => (this.activity = activity));
  }

  render() {
    return html`
      <h1 class="visually-hidden">${t("view.overview")}</h1>
      <qb-inbox></qb-inbox>
      <qb-shadow></qb-shadow>
      <qb-workers></qb-workers>
      <qb-qbittorrents></qb-qbittorrents>
      <qb-peers></qb-peers>
      ${this.activity ? this.#days(this.activity) : this.note()}
      <qb-latest></qb-latest>
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
}

customElements.define("qb-overview", Overview);
