// <qb-toasts>: sentences that pass, read aloud by screen readers.
import { Element, html } from "../element.js";
import { t } from "../words.js";
import { formatRoute } from "../urlstate.js";

const SHOWN_MS = 7000;
let number = 0;

class Toasts extends Element {
  static properties = { entries: { state: true } };

  constructor() {
    super();
    /** @type {{id: number, text: string, kind: string, login: boolean}[]} */
    this.entries = [];
  }

  add(text, kind, login) {
    const id = (number += 1);
    this.entries = [...this.entries.slice(-3), { id, text, kind, login }];
    setTimeout(() => {
      this.entries = this.entries.filter((entry) => entry.id !== id);
    }, SHOWN_MS);
  }

  render() {
    return html`<div class="toasts" role="status" aria-live="polite">
      ${this.entries.map(
        (entry) => html`<p data-kind=${entry.kind}>
          ${entry.text} ${entry.login ? html`<a href=${formatRoute("login")}>${t("log.in")}</a>` : ""}
        </p>`,
      )}
    </div>`;
  }
}

customElements.define("qb-toasts", Toasts);

/** Shows a sentence for a few seconds, within the dialog while one is open: nothing outside of it can be reached. */
export function notify(text, kind = "good", login = false) {
  const toasts = /** @type {Toasts} */ (document.querySelector("qb-toasts"));
  const dialog = document.querySelector("dialog[open]");
  if (dialog && !dialog.contains(toasts)) {
    dialog.append(toasts);
    dialog.addEventListener("close", () => document.body.append(toasts), { once: true });
  }
  toasts.add(text, kind, login);
}

/** Does something and shows how it ended; returns whether it succeeded. @param {() => Promise<any>} work */
export async function attempt(work, success = "") {
  try {
    const answer = await work();
    notify(success || answer?.message || "✓");
    return true;
  } catch (error) {
    notify(error.message, "bad", error.status === 401 || error.status === 403);
    return false;
  }
}
