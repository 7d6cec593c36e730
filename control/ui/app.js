// <qb-app>: the frame of the page, with the view that its address names.
import { besidePage, isCurrent, logIn, read } from "./api.js";
import { Element, html, nothing } from "./element.js";
import { formatExact } from "./format.js";
import { onShortcuts } from "./keyboard.js";
import { followWhileVisible, live } from "./live.js";
import { useAppearance } from "./appearance.js";
import { dismiss, show } from "./parts/dialog.js";
import { icon } from "./parts/icon.js";
import "./parts/time.js";
import { notify } from "./parts/toasts.js";
import { currentRoute, go } from "./router.js";
import { formatRoute, isSame, withoutTorrent } from "./urlstate.js";
import { locale, t, useLanguage } from "./words.js";

const VIEWS = {
  overview: () => import("./views/overview.js"),
  activity: () => import("./views/activity.js"),
  comparison: () => import("./views/comparison.js"),
  torrents: () => import("./views/torrents.js"),
  libraries: () => import("./views/libraries.js"),
  plan: () => import("./views/plan.js"),
  orphans: () => import("./views/orphans.js"),
  room: () => import("./views/room.js"),
  logs: () => import("./views/logs.js"),
  config: () => import("./views/config.js"),
  setup: () => import("./views/setup.js"),
  about: () => import("./views/about.js"),
  login: () => import("./views/login.js"),
};
const LISTED = ["overview", "activity", "torrents", "libraries", "plan", "logs", "config", "about"];
const ON_PHONES = 4;
const OURS = "qbitrr-";
const RELOADED = `${OURS}reloaded`;
/** The other tabs with this page. */
const tabs = new BroadcastChannel(besidePage("ui"));

class App extends Element {
  static properties = {
    route: { state: true },
    view: { state: true },
    offlineSince: { state: true },
    outdated: { state: true },
    menu: { state: true },
    failure: { state: true },
  };
  /** Views keep their state while another one is shown. @type {Map<string, HTMLElement>} */
  #views = new Map();

  constructor() {
    super();
    this.route = withoutTorrent(currentRoute()).below;
    /** The hash of the torrent that is open. */
    this.torrent = "";
    /** @type {HTMLElement | null} */
    this.view = null;
    /** @type {Date | null} */
    this.offlineSince = null;
    this.outdated = false;
    this.menu = false;
    /** Why the view could not be loaded. */
    this.failure = "";
  }

  connectedCallback() {
    super.connectedCallback();
    this.on(window, "hashchange", () => (hasLoginLink() ? this.#useLoginLink() : this.#show()));
    this.on(window, "login-needed", () => this.#askForLogin());
    this.on(window, "logged-in", () => this.#startAgain());
    this.on(window, "logged-out", () => {
      tabs.postMessage("logged-out");
      forget();
    });
    this.on(window, "click", () => (this.menu = false));
    onShortcuts((name) => go(name), () => this.#help());
    this.follow(["connection"], ({ again }) => {
      this.offlineSince = live.since;
      if (again) {
        this.#checkVersion();
      }
    });
    this.follow(["refused"], () => this.#askWhy());
    this.follow(["config"], () => useAppearance());
    this.#show();
  }

  async #show() {
    const { below, torrent } = withoutTorrent(currentRoute());
    if (below.view !== this.route.view && !this.torrent) {
      dismiss(); // a question is about what was shown; a torrent is closed with its address
    }
    this.route = isSame(below, this.route) ? this.route : below; // a view reads nothing again because of a torrent
    this.menu = false;
    this.#showTorrent(torrent);
    const name = this.route.view;
    const known = this.#views.get(name);
    if (known) {
      this.#give(known);
      return;
    }
    this.view = null; // the one before is not what the address names
    this.failure = "";
    this.#setTitle();
    if (!(name in VIEWS) || !(await this.#fetched(VIEWS[name]))) {
      return;
    }
    const element = this.#views.get(name) ?? document.createElement(`qb-${name}`);
    this.#views.set(name, element);
    if (currentRoute().view === name) {
      this.#give(element);
    }
  }

  async #showTorrent(torrent) {
    if (torrent || this.torrent) {
      this.torrent = torrent;
      (await this.#fetched(() => import("./parts/torrent.js")))?.followTorrent(torrent);
    }
  }

  /** A part of the page, null when it cannot be loaded. @template T @param {() => Promise<T>} part @returns {Promise<T | null>} */
  async #fetched(part) {
    try {
      return await part();
    } catch (error) {
      await this.#checkVersion(); // after an update the files of the old one are gone
      this.failure = t("view.failed", { error: error.message });
      notify(this.failure, "bad");
      return null;
    }
  }

  #give(element) {
    element.route = this.route;
    if (this.view !== element) {
      this.view = element;
      this.#setTitle();
      scrollTo(0, 0);
    }
  }

  #setTitle() {
    const { view } = this.route;
    document.title = view in VIEWS ? `${t(`view.${view}`)} · qbitrr` : "qbitrr";
  }

  /** A stream that is refused does not say why; what is read says when a login is needed. */
  async #askWhy() {
    await read("status").catch(({ status }) => status === 401 && this.#askForLogin());
  }

  #askForLogin() {
    if (currentRoute().view !== "login") {
      const back = location.hash;
      this.#views.clear(); // the way back shows nothing that was read before
      go("login", [], { back });
    }
  }

  async #useLoginLink() {
    if (await useLoginLink()) {
      this.#startAgain();
    } else {
      this.#show();
    }
  }

  #startAgain() {
    this.#views.clear();
    this.view = null;
    live.stop();
    live.start();
    useAppearance();
    this.#show();
  }

  /** Another version of the page is only loaded once by itself, and never while something is being filled in. */
  async #checkVersion() {
    const current = await isCurrent().catch(() => true);
    if (current) {
      return;
    }
    const busy = [...this.#views.values()].some((view) => /** @type {any} */ (view).hasUnsaved);
    if (!busy && sessionStorage.getItem(RELOADED) !== import.meta.url) {
      sessionStorage.setItem(RELOADED, import.meta.url);
      location.reload();
    } else {
      this.outdated = true;
    }
  }

  #help() {
    const rows = [["/", "keys.search"], ["g", "keys.go"], ["↑ ↓", "keys.rows"], ["Enter", "keys.open"], ["?", "keys.help"]];
    show(t("keys.title"), html`<dl class="keys">${rows.map(([key, text]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${t(text)}</dd></div>`)}</dl>`);
  }

  #link(name, index) {
    const current = name === this.route.view;
    return html`<li class=${index >= ON_PHONES ? "spare" : ""}>
      <a href=${formatRoute(name)} aria-current=${current ? "page" : nothing}>${icon(name)}<span>${t(`view.${name}`)}</span></a>
    </li>`;
  }

  #toggleMenu(event) {
    event.stopPropagation();
    this.menu = !this.menu;
  }

  render() {
    return html`
      <a class="skip" href="#main" @click=${(event) => { event.preventDefault(); this.querySelector("main")?.focus(); }}>${t("skip")}</a>
      <header class="bar">
        <a class="brand" href=${formatRoute("overview")}><img src=${new URL("favicon.svg", import.meta.url).href} alt="" width="26" height="26" />qbitrr</a>
        ${this.#connection()}
      </header>
      <nav aria-label="qbitrr" data-open=${this.menu ? "true" : nothing}>
        <ul>
          ${LISTED.map((name, index) => this.#link(name, index))}
          <li class="menu">
            <button type="button" aria-expanded=${String(this.menu)} @click=${(event) => this.#toggleMenu(event)}>${icon("more")}<span>${t("view.more")}</span></button>
          </li>
        </ul>
      </nav>
      <main id="main" tabindex="-1">
        ${this.outdated
          ? html`<p class="note">${t("live.new")} <button type="button" @click=${() => location.reload()}>${t("live.reload")}</button></p>`
          : nothing}
        ${this.view ?? this.#instead()}
      </main>
    `;
  }

  #instead() {
    if (!(this.route.view in VIEWS)) {
      return html`<p>${t("view.missing")}</p>`;
    }
    return this.failure ? html`<p class="note" data-kind="bad" role="alert">${this.failure}</p>` : html`<p class="muted" role="status">${t("loading")}</p>`;
  }

  #connection() {
    const since = this.offlineSince;
    return since
      ? html`<p class="connection" role="status" data-state="off" title=${formatExact(since.toISOString(), locale)}>
          ${t("live.off", { time: since.toLocaleTimeString(locale, { timeStyle: "short" }) })}
        </p>`
      : html`<p class="connection" role="status" data-state="on">${t("live.on")}</p>`;
  }
}

/** Starts the page again, without anything that was read; nothing in it asks to stay. */
function reload() {
  document.body.replaceChildren();
  location.reload();
}

/** After a log out nothing is left of what was read or filled in. */
function forget() {
  Object.keys(sessionStorage).filter((key) => key.startsWith(OURS)).forEach((key) => sessionStorage.removeItem(key));
  history.replaceState(null, "", formatRoute("login"));
  reload();
}

const hasLoginLink = () => location.hash.startsWith("#login=");

/** The link that the first start prints logs this browser in, once; returns whether it did. */
async function useLoginLink() {
  const link = new URLSearchParams(location.hash.slice(1)).get("login");
  history.replaceState(null, "", location.pathname + location.search); // it must not stay in the history
  try {
    await logIn({ link });
    return true;
  } catch {
    notify(t("login.link.old"), "bad");
    return false;
  }
}

tabs.onmessage = forget;
addEventListener("pageshow", ({ persisted }) => persisted && reload()); // a browser keeps a page that was left as it was

await useLanguage(navigator.languages);
document.documentElement.lang = locale;
if (hasLoginLink()) {
  await useLoginLink();
}
customElements.define("qb-app", App);
followWhileVisible();
useAppearance();
