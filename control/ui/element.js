// What all elements of the page have in common: they render into the page itself, and follow events while they are in it.
import { LitElement, html, nothing } from "./vendor/lit.js";
import { live } from "./live.js";
import { t } from "./words.js";

export { html, nothing };

/** Elements that could not read what they show, each with how it is tried again. @type {Map<Element, () => void>} */
const unread = new Map();
live.addEventListener("connection", (event) => {
  if (/** @type {CustomEvent} */ (event).detail.again) {
    unread.forEach((retry) => retry());
  }
});

export class Element extends LitElement {
  #events = new AbortController();
  #loads = 0;

  /** @type {Record<string, import("./vendor/lit.js").PropertyDeclaration>} */
  static properties = { error: { state: true }, loaded: { state: true } };

  constructor() {
    super();
    /** Why the last load failed, empty when it did not. */
    this.error = "";
    this.loaded = false;
  }

  /** @override @returns {any} */
  createRenderRoot() {
    return this;
  }

  /** @override */
  connectedCallback() {
    super.connectedCallback();
    this.#events = new AbortController();
  }

  /** @override */
  disconnectedCallback() {
    super.disconnectedCallback();
    this.#events.abort();
    unread.delete(this);
  }

  /** Follows events of the stream while the element is in the page. @param {string[]} kinds */
  follow(kinds, onEvent) {
    for (const kind of kinds) {
      live.addEventListener(kind, (event) => onEvent(/** @type {CustomEvent} */ (event).detail, kind), {
        signal: this.#events.signal,
      });
    }
  }

  /** Follows events of a target while the element is in the page. @param {EventTarget} target */
  on(target, name, onEvent, options = {}) {
    target.addEventListener(name, onEvent, { ...options, signal: this.#events.signal });
  }

  /** Loads what is shown, also again once the daemon is back. `keep` stores the answer; an older one that arrives late is dropped. */
  async load(work, keep) {
    const number = (this.#loads += 1);
    try {
      const answer = await work();
      if (number === this.#loads) {
        keep(answer);
        this.error = "";
        this.loaded = true;
        unread.delete(this);
      }
    } catch (error) {
      if (number === this.#loads && error.name !== "AbortError") {
        this.failed(error);
        if (this.isConnected) {
          unread.set(this, () => this.load(work, keep));
        }
      }
    }
  }

  /** Shows why something could not be read; what was shown before stays. */
  failed(error) {
    this.error = error.message;
    if (error.status === 401) {
      this.emit("login-needed");
    }
  }

  emit(name, detail = undefined) {
    window.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** @override @returns {unknown} */
  render() {
    return nothing;
  }

  /** A note above the content while something is wrong or on its way. */
  note() {
    if (this.error) {
      return html`<p class="note" data-kind="bad" role="alert">${t("error", { error: this.error })}</p>`;
    }
    return this.loaded ? nothing : html`<p class="muted" role="status">${t("loading")}</p>`;
  }
}

/** Calls `work` now, or once the pointer has left `node`: nothing is to move under it. @param {globalThis.Element} node */
export function undisturbed(node, work) {
  if (node.matches(":hover") && matchMedia("(hover: hover)").matches) {
    node.addEventListener("mouseleave", work, { once: true }); // once, however often the same work was to be done
  } else {
    work();
  }
}

/** Returns a function that calls `work` once, a moment after its last call. */
export function settled(work, milliseconds = 250) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), milliseconds);
  };
}

/** Returns a function that calls `work` once, a while after its first call: also when it is called again and again. */
export function gathered(work, milliseconds) {
  let timer = 0;
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      work();
    }, milliseconds);
  };
}
