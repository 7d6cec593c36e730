// <qb-answers>: what was answered for good about rules and trackers. Nothing while there is nothing.
import { read, write } from "../api.js";
import { Element, html, nothing } from "../element.js";
import { repeat } from "../vendor/lit.js";
import { t } from "../words.js";
import { attempt } from "./toasts.js";

class Answers extends Element {
  static properties = { answers: { state: true } };

  constructor() {
    super();
    /** @type {import("../answers.js").AnswerView[]} */
    this.answers = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
  }

  #load() {
    this.load(() => read("answers"), ({ answers }) => (this.answers = answers));
  }

  async #forget({ category, rule, tracker }) {
    if (await attempt(() => write("answers/forget", { section: category, rule, tracker }))) {
      this.answers = this.answers.filter((one) => one.category !== category || one.rule !== rule || one.tracker !== tracker);
    }
  }

  render() {
    return this.answers.length
      ? html`<section class="panel" aria-labelledby="answers-title">
          <h2 id="answers-title">${t("answers.title")}</h2>
          <ul>${repeat(this.answers, ({ category, rule, tracker }) => JSON.stringify([category, rule, tracker]), (one) => this.#row(one))}</ul>
        </section>`
      : nothing;
  }

  /** @param {import("../answers.js").AnswerView} one */
  #row(one) {
    const { category, rule, tracker, answer, answeredAt } = one;
    return html`<li class="item">
      <span class="grow">${t(`answers.${answer}`, { rule, tracker })}
        <span class="muted">${category}, <qb-time at=${answeredAt}></qb-time></span></span>
      <button type="button" aria-label="${t("answers.forget")}: ${rule}, ${tracker}" @click=${() => this.#forget(one)}>${t("answers.forget")}</button>
    </li>`;
  }
}

customElements.define("qb-answers", Answers);
