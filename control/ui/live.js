// The one stream of events that a tab keeps open, and whether it is connected. A hidden tab closes it after a while.
import { addressOf } from "./api.js";
import { FIRST_PAUSE_MS, longerPause } from "./retry.js";

const KINDS = ["process", "decision", "breaker", "settings", "config", "update", "qbittorrent", "inbox", "matter", "orphans", "comparison", "libraries", "reset"];
const HIDDEN_MS = 60_000;

class Live extends EventTarget {
  connected = false;
  /** When the connection was lost; null before the first one. @type {Date | null} */
  since = null;
  #source = /** @type {EventSource | null} */ (null);
  #lastId = "";
  #pause = FIRST_PAUSE_MS;
  #timer = 0;
  /** Whether something may have been missed since what is shown was read. */
  #missed = false;

  start() {
    if (this.#source || this.#timer) {
      return;
    }
    const source = new EventSource(addressOf("events", { after: this.#lastId }));
    this.#source = source;
    source.onopen = () => this.#opened();
    source.onerror = () => this.#failed();
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => this.#received(kind, event));
    }
  }

  /** Tries to connect at once when the next attempt is still to come. */
  retry() {
    if (this.#timer) {
      this.stop();
      this.#pause = FIRST_PAUSE_MS;
      this.start();
    }
  }

  /** Closes the stream for a while. */
  interrupt() {
    this.stop();
    this.#missed = true;
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#source?.close();
    this.#source = null;
  }

  #opened() {
    this.#pause = FIRST_PAUSE_MS;
    const again = this.#missed;
    this.#missed = false;
    this.connected = true;
    this.since = null;
    this.#publish("connection", { again });
  }

  #failed() {
    const isRefused = this.#source?.readyState === EventSource.CLOSED; // a connection that is lost is still tried
    this.interrupt();
    if (this.connected || !this.since) {
      this.connected = false;
      this.since = new Date();
      this.#publish("connection", { again: false });
    }
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.start();
    }, this.#pause);
    this.#pause = longerPause(this.#pause);
    if (isRefused) {
      this.#publish("refused", {});
    }
  }

  #received(kind, event) {
    this.#lastId = event.lastEventId || this.#lastId;
    this.#publish(kind, JSON.parse(event.data));
  }

  #publish(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

export const live = new Live();

let hiding = 0;

/** Keeps the stream open for as long as the page can be seen. */
export function followWhileVisible() {
  live.start();
  window.addEventListener("online", () => live.retry());
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) {
      hiding = setTimeout(() => live.interrupt(), HIDDEN_MS);
    } else {
      live.retry();
      live.start();
    }
  });
}
