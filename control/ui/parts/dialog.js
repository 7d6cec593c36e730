// One dialog for the page: a question with its answer, or something to read. Escape or a click outside closes it.
import { Element, html, nothing } from "../element.js";
import { t } from "../words.js";
import { icon } from "./icon.js";

class Dialog extends Element {
  static properties = { content: { state: true } };
  #settle = /** @type {((agreed: boolean) => void) | null} */ (null);

  constructor() {
    super();
    /** @type {{title: string, body: unknown, agree?: string, danger?: boolean} | null} */
    this.content = null;
  }

  get #node() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  /** Resolves to whether the user agreed. */
  async ask(content) {
    this.#settle?.(false);
    this.content = content;
    await this.updateComplete;
    if (!this.#node.open) {
      this.#node.showModal();
    }
    return new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  #close(agreed) {
    this.#settle?.(agreed);
    this.#settle = null;
    this.#node.close();
  }

  render() {
    const { title, body, agree, danger } = this.content ?? { title: "", body: nothing };
    return html`<dialog
      aria-labelledby="dialog-title"
      @cancel=${() => this.#settle?.(false)}
      @close=${() => (this.content = null)}
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

const dialog = () => /** @type {Dialog} */ (document.querySelector("qb-dialog"));

/** Asks before something is done. `title`, `text` and the word for agreeing. @returns {Promise<boolean>} */
export const confirmed = (title, text, agree, danger = false) => dialog().ask({ title, body: html`<p>${text}</p>`, agree, danger });

/** Shows something to read, with a question when `agree` is given. @returns {Promise<boolean>} */
export const show = (title, body, agree = "", danger = false) => dialog().ask({ title, body, agree, danger });
