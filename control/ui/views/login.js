// <qb-login>: the ways to log in; afterwards back to where a login was needed.
import { besidePage, logIn, loginMethods } from "../api.js";
import { Element, html, nothing } from "../element.js";
import { t } from "../words.js";

class Login extends Element {
  static properties = { route: {}, methods: { state: true }, refused: { state: true }, busy: { state: true } };

  constructor() {
    super();
    /** @type {import("../urlstate.js").Route} */
    this.route = { view: "login", path: [], params: {} };
    /** @type {import("../answers.js").LoginMethods | null} */
    this.methods = null;
    this.refused = "";
    this.busy = false;
  }

  connectedCallback() {
    super.connectedCallback();
    this.load(loginMethods, (methods) => (this.methods = methods));
  }

  async #submit(event) {
    event.preventDefault();
    this.busy = true;
    try {
      await logIn(Object.fromEntries(new FormData(event.target)));
      event.target.reset();
      this.refused = "";
      const { back } = this.route.params;
      history.replaceState(null, "", back?.startsWith("#/") ? back : "#/overview");
      this.emit("logged-in");
    } catch (error) {
      this.refused = error.message;
    } finally {
      this.busy = false;
    }
  }

  render() {
    return html`<div class="panel login">
      <h1>${t("login.title")}</h1>
      ${this.note()}
      ${this.refused ? html`<p class="note" data-kind="bad" role="alert">${this.refused}</p>` : nothing}
      ${this.methods?.oidc ? html`<a class="button" href=${besidePage("login/oidc")}>${t("login.oidc")}</a>` : nothing}
      ${this.methods?.password
        ? html`<form @submit=${(event) => this.#submit(event)}>
            <label>${t("login.user")}<input name="username" autocomplete="username" required /></label>
            <label>${t("login.password")}<input name="password" type="password" autocomplete="current-password" required /></label>
            <button class="strong" ?disabled=${this.busy}>${t("login.title")}</button>
          </form>`
        : nothing}
      ${this.methods?.token
        ? html`<form @submit=${(event) => this.#submit(event)}>
            <label>${t("login.token")}<input name="token" type="password" autocomplete="current-password" required aria-describedby="token-help" /></label>
            <p class="muted" id="token-help">${t("login.token.help")}</p>
            <button class=${this.methods.password ? "" : "strong"} ?disabled=${this.busy}>${t("log.in")}</button>
          </form>`
        : nothing}
    </div>`;
  }
}

customElements.define("qb-login", Login);
