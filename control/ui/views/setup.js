// <qb-setup>: from an empty configuration to a first look at what would be done.
import { read, write } from "../api.js";
import { Element, html, nothing, settled } from "../element.js";
import { attempt, notify } from "../parts/toasts.js";
import { go } from "../router.js";
import { categoriesOf, change, examples, withoutSecrets } from "../setup.js";
import { repeat } from "../vendor/lit.js";
import { t } from "../words.js";

const CLIENT = "client";
const KEPT = "qbitrr-setup-draft";
let number = 0;

class Setup extends Element {
  static properties = { route: {}, client: { state: true }, services: { state: true }, folder: { state: true }, shadow: { state: true }, tested: { state: true }, busy: { state: true } };
  #incomplete = /** @type {string[]} */ ([]);
  /** One for each service, as each waits until its own fields are filled in. @type {Map<string, (body: object) => void>} */
  #tests = new Map();
  /** What was filled in last, of each: what a test of something else says is dropped. @type {Map<string, object>} */
  #filled = new Map();

  constructor() {
    super();
    this.route = { view: "setup", path: [], params: {} };
    this.client = { uri: "", username: "", password: "" };
    /** @type {(import("../setup.js").Service & {id: number})[]} */
    this.services = [this.#newService()];
    this.folder = "";
    this.shadow = true;
    /** @type {Record<string, import("../answers.js").Tested | null>} */
    this.tested = {};
    this.busy = false;
    this.#restore();
  }

  /** What was filled in before a reload of this tab; secrets are not kept. */
  #restore() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
      if (kept) {
        this.client = kept.client;
        this.services = kept.services.map((service) => ({ ...this.#newService(), ...service, id: number }));
        this.folder = kept.folder;
        this.shadow = kept.shadow;
      }
    } catch {
      sessionStorage.removeItem(KEPT); // of another version
    }
  }

  willUpdate() {
    if (this.hasUnsaved) {
      const { client, services, folder, shadow } = this;
      sessionStorage.setItem(KEPT, JSON.stringify(withoutSecrets({ client, services, folder, shadow })));
    } else {
      sessionStorage.removeItem(KEPT);
    }
  }

  connectedCallback() {
    super.connectedCallback();
    this.on(window, "beforeunload", (event) => this.hasUnsaved && event.preventDefault());
    if (this.hasUnsaved) {
      this.#changeClient({});
      this.services.forEach(({ id }) => this.#changeService(id, {}));
    }
    this.load(() => read("status"), ({ incomplete }) => (this.#incomplete = incomplete.map(({ key }) => key)));
  }

  get hasUnsaved() {
    return Boolean(this.client.uri || this.services.some(({ uri }) => uri));
  }

  #newService() {
    number += 1;
    return { id: number, kind: "radarr", name: "", uri: "", apiKey: "", category: "" };
  }

  #test(key, body) {
    this.#filled.set(key, body);
    const test = this.#tests.get(key) ?? settled((given) => this.#tryIt(key, given), 700);
    this.#tests.set(key, test);
    test(body);
  }

  /** A result is of what was filled in when it was tested. */
  #forget(key) {
    this.#filled.delete(key);
    const { [key]: _old, ...others } = this.tested;
    this.tested = others;
  }

  #changeClient(values) {
    this.client = { ...this.client, ...values };
    const { uri, username, password } = this.client;
    this.#forget(CLIENT);
    if (uri && (password || !username)) {
      this.#test(CLIENT, { arrType: "qbittorrent", uri: withScheme(uri), username, password }); // never a login without its password
    }
  }

  #changeService(id, values) {
    this.services = this.services.map((service) => (service.id === id ? { ...service, ...values } : service));
    const { kind, uri, apiKey, category } = /** @type {import("../setup.js").Service} */ (this.services.find((service) => service.id === id));
    if ("name" in values) {
      return;
    }
    if (!("category" in values)) {
      this.#forget(String(id));
    }
    if (uri && apiKey) {
      this.#test(String(id), { arrType: kind, uri: withScheme(uri), apiKey, category });
    }
  }

  async #tryIt(key, body) {
    const isFilled = () => this.#filled.get(key) === body;
    if (!isFilled()) {
      return;
    }
    this.tested = { ...this.tested, [key]: null };
    try {
      const result = await write("arr/test-connection", body);
      if (!isFilled()) {
        return;
      }
      this.tested = { ...this.tested, [key]: result };
      const [category] = categoriesOf(result.downloadClients);
      this.services = this.services.map((service) => (String(service.id) === key && !service.category && category ? { ...service, category } : service));
    } catch (error) {
      if (!isFilled()) {
        return;
      }
      this.#forget(key);
      notify(error.message, "bad", error.status === 401 || error.status === 403);
    }
  }

  async #finish(event) {
    event.preventDefault();
    this.busy = true;
    const filled = {
      client: this.client,
      services: this.services.map((service) => ({ ...service, uri: withScheme(service.uri) })),
      folder: this.folder,
      shadow: this.shadow,
      dropped: examples(this.#incomplete),
    };
    if (await attempt(() => write("config", change(filled)), t("setup.done"))) {
      this.client = { uri: "", username: "", password: "" };
      this.services = [this.#newService()];
      go("overview");
    }
    this.busy = false;
  }

  render() {
    return html`
      <header class="head"><h1>${t("view.setup")}</h1></header>
      <p>${t("setup.text")}</p>
      ${this.note()}
      <form class="setup" @submit=${(event) => this.#finish(event)}>
        ${this.#clientForm()}
        ${repeat(this.services, ({ id }) => id, (service) => this.#serviceForm(service))}
        <p><button type="button" @click=${() => (this.services = [...this.services, this.#newService()])}>${t("setup.another")}</button></p>
        <section class="panel" aria-label=${t("setup.last")}>
          <h2>${t("setup.last")}</h2>
          <label>${t("setup.folder")}<input required spellcheck="false" .value=${this.folder} placeholder="/downloads" @input=${(event) => (this.folder = event.target.value)} /></label>
          <label class="check"><input type="checkbox" .checked=${this.shadow} @change=${(event) => (this.shadow = event.target.checked)} /> ${t("setup.shadow")}</label>
          <p class="muted">${t("setup.shadow.text")}</p>
          <p><button class="strong" ?disabled=${this.busy}>${t("setup.start")}</button></p>
        </section>
      </form>
    `;
  }

  #clientForm() {
    const { uri, username, password } = this.client;
    return html`<section class="panel" aria-label="qBittorrent">
      <h2>qBittorrent</h2>
      <div class="row-fields">
        <label>${t("setup.address")}<input required spellcheck="false" inputmode="url" .value=${uri} placeholder="http://localhost:8080" @input=${(event) => this.#changeClient({ uri: event.target.value })} /></label>
        <label>${t("login.user")}<input autocomplete="off" .value=${username} @input=${(event) => this.#changeClient({ username: event.target.value })} /></label>
        <label>${t("login.password")}<input type="password" autocomplete="off" .value=${password} @input=${(event) => this.#changeClient({ password: event.target.value })} /></label>
      </div>
      ${this.#result(CLIENT)}
    </section>`;
  }

  #serviceForm(service) {
    const { id, kind, name, uri, apiKey, category } = service;
    const result = this.tested[String(id)];
    const found = result?.success ? categoriesOf(result.downloadClients) : [];
    const change = (values) => this.#changeService(id, values);
    return html`<section class="panel" aria-label=${kind}>
      <div class="row">
        <h2 class="grow">${kind.charAt(0).toUpperCase() + kind.slice(1)}</h2>
        ${this.services.length > 1
          ? html`<button type="button" @click=${() => (this.services = this.services.filter((one) => one.id !== id))}>${t("setup.drop")}</button>`
          : nothing}
      </div>
      <div class="row-fields">
        <label>${t("category.kind")}<select @change=${(event) => change({ kind: event.target.value })}>
          ${["radarr", "sonarr", "lidarr"].map((value) => html`<option value=${value} .selected=${value === kind}>${value}</option>`)}</select></label>
        <label>${t("setup.name")}<input .value=${name} placeholder="4K" @input=${(event) => change({ name: event.target.value })} /></label>
        <label>${t("setup.address")}<input required spellcheck="false" inputmode="url" .value=${uri} placeholder="http://localhost:7878" @input=${(event) => change({ uri: event.target.value })} /></label>
        <label>${t("setup.key")}<input required type="password" autocomplete="off" .value=${apiKey} @input=${(event) => change({ apiKey: event.target.value })} /></label>
        <label>${t("category")}<input required spellcheck="false" list="categories-${id}" .value=${category} @input=${(event) => change({ category: event.target.value })} />
          <datalist id="categories-${id}">${found.map((value) => html`<option value=${value}></option>`)}</datalist></label>
      </div>
      ${this.#result(String(id))}
      ${result?.success ? this.#contradictions(result) : nothing}
      ${result?.success && !found.length ? html`<p class="note" data-kind="wait">${t("setup.no.category")}</p>` : nothing}
    </section>`;
  }

  /** @param {import("../answers.js").Tested} result */
  #contradictions({ contradictions }) {
    return contradictions.map(({ text, remedy, words }) => html`<div class="note stack" data-kind="wait"><p><strong>${text}.</strong> ${remedy}.</p>
      ${words ? html`<p>${words}</p>` : nothing}</div>`);
  }

  #result(key) {
    if (!(key in this.tested)) {
      return nothing;
    }
    const result = this.tested[key];
    return result
      ? html`<p class="note" data-kind=${result.success ? "good" : "bad"} role="status">${result.message}</p>`
      : html`<p class="muted" role="status">${t("config.testing")}</p>`;
  }
}

/** Addresses are tested as they will be used. @param {string} uri */
const withScheme = (uri) => (/^https?:\/\//.test(uri.trim()) ? uri.trim() : `http://${uri.trim()}`);

customElements.define("qb-setup", Setup);
