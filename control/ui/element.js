// What all elements of the page have in common: they render into the page itself, and follow events while they are in it.
import { LitElement, html, nothing } from "./vendor/lit.js";
import { live } from "./live.js";
import { t } from "./words.js";

export { html, nothing };

/** Elements that could not read something of what they show. @type {Set<Element>} */
const unread = new Set();
live.addEventListener("connection", (event) => {
  if (/** @type {CustomEvent} */ (event).detail.again) {
    unread.forEach((element) => element.retry());
  }
});

export class Element extends LitElement {
  #events = new AbortController();
  /** The last load of each part, with its end. @type {Map<string, {ended: Promise<void>}>} */
  #asked = new Map();
  /** How what could not be read is tried again, by part. @type {Map<string, () => Promise<void>>} */
  #unread = new Map();
  #goesOn = false;
  /** What the address asked for at the last load, and what is shown is for. */
  #wanted = "";
  #shown = "";

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
    this.#unread.clear();
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

  /** Loads what is shown, also again once the daemon is back. `keep` stores the answer; an older one that arrives late is dropped.
   * `of` is what the address asks for: until that is there, what is shown is something else, and marked so. */
  load(work, keep, of = this.#wanted) {
    this.#wanted = of;
    this.#mark();
    return this.loadPart("", work, (answer) => {
      this.#shown = of;
      this.#mark();
      keep(answer);
    });
  }

  #mark() {
    if (this.loaded && this.#shown !== this.#wanted) {
      this.setAttribute("aria-busy", "true");
    } else {
      this.removeAttribute("aria-busy");
    }
  }

  /** Loads what a list goes on with, from the place that `next` names: after what is being read of the list now, and once. */
  async loadMore(next, work, keep) {
    if (this.#goesOn) {
      return;
    }
    this.#goesOn = true;
    for (let asked; asked !== this.#asked.get(""); await asked?.ended) {
      asked = this.#asked.get("");
    }
    const place = next();
    const again = this.#unread.get(""); // what the list lacks comes before what follows it
    await (again ? again() : place === null ? undefined : this.load(() => work(place), keep));
    this.#goesOn = false;
  }

  /** Loads a part of what is shown, which drops no answer about another part. */
  loadPart(part, work, keep) {
    const asked = { ended: Promise.resolve() };
    this.#asked.set(part, asked);
    this.#unread.delete(part);
    asked.ended = this.#read(part, asked, work, keep);
    return asked.ended;
  }

  async #read(part, asked, work, keep) {
    try {
      const answer = await work();
      if (asked === this.#asked.get(part)) {
        this.loaded = true;
        this.#isRead(part);
        keep(answer);
      }
    } catch (error) {
      if (asked === this.#asked.get(part) && error.name !== "AbortError") {
        this.failed(error);
        if (this.isConnected) {
          this.#unread.set(part, () => this.loadPart(part, work, keep));
          unread.add(this);
        }
      }
    }
  }

  /** Waits no longer for a part that is not shown any more. */
  drop(part) {
    this.#asked.delete(part);
    if (this.#unread.has(part)) {
      this.#isRead(part);
    }
  }

  #isRead(part) {
    this.#unread.delete(part);
    if (!this.#unread.size) {
      this.error = "";
      unread.delete(this);
    }
  }

  /** Reads again what could not be read. */
  retry() {
    [...this.#unread.values()].forEach((again) => again());
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
