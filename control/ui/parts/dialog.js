// One dialog for the page: a question with its answer, or something to read. Escape or a click outside closes it.
// What is asked from within it is shown in its place, and then what was there before.
import { Element, html, nothing } from "../element.js";
import { t } from "../words.js";
import { icon } from "./icon.js";

class Dialog extends Element {
  static properties = { content: { state: true } };
  /** What is open, the last one is shown. @type {{content: Content, settle: (agreed: boolean) => void}[]} */
  #open = [];

  constructor() {
    super();
    /** @type {Content | null} */
    this.content = null;
  }

  get #node() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  /** Resolves to whether the user agreed. @param {Content} content @returns {Promise<boolean>} */
  ask(content) {
    const answered = new Promise((resolve) => this.#open.push({ content, settle: resolve }));
    this.#update();
    return answered;
  }

  /** Closes everything that is open. */
  dismiss() {
    const open = this.#open;
    this.#open = [];
    this.#update();
    open.forEach(({ settle }) => settle(false));
  }

  #close(agreed) {
    const closed = this.#open.pop();
    this.#update();
    closed?.settle(agreed);
  }

  async #update() {
    this.content = this.#open.at(-1)?.content ?? null;
    await this.updateComplete;
    if (this.content && !this.#node.open) {
      this.#node.showModal();
    } else if (!this.content && this.#node.open) {
      this.#node.close();
    }
  }

  render() {
    const { title, body, agree, danger } = this.content ?? { title: "", body: nothing };
    return html`<dialog
      aria-labelledby="dialog-title"
      @cancel=${(event) => {
        event.preventDefault();
        this.#close(false);
      }}
      @close=${() => this.#open.length && this.dismiss()}
      @click=${(event) => event.target === event.currentTarget && this.#close(false)}
    >
      <div class="sheet">
        <header>
          <h2 id="dialog-title">${title}</h2>
          <button type="button" class="quiet" aria-label=${t("close")} @click=${() => this.#close(false)}>${icon("close")}</button>
        </header>
        <div>${body}</div>
        ${agree
          ? html`<footer>
              <button type="button" @click=${() => this.#close(false)}>${t("cancel")}</button>
              <button type="button" class=${danger ? "danger" : "strong"} @click=${() => this.#close(true)}>${agree}</button>
            </footer>`
          : nothing}
      </div>
    </dialog>`;
  }
}

customElements.define("qb-dialog", Dialog);

/** @typedef {{title: string, body: unknown, agree?: string, danger?: boolean}} Content */

const dialog = () => /** @type {Dialog} */ (document.querySelector("qb-dialog"));

/** Asks before something is done. `title`, `text` and the word for agreeing. @returns {Promise<boolean>} */
export const confirmed = (title, text, agree, danger = false) => dialog().ask({ title, body: html`<p>${text}</p>`, agree, danger });

/** Closes the dialog with everything in it. */
export const dismiss = () => dialog().dismiss();

/** Shows something to read, with a question when `agree` is given. @returns {Promise<boolean>} */
export const show = (title, body, agree = "", danger = false) => dialog().ask({ title, body, agree, danger });
