// <qb-config>: the configuration as forms that are made from its model. Changes are kept until they are applied.
import { read, readTagged, write } from "../api.js";
import { arrKind, asText, fieldText, fileRules, fromText, groups, limitsOf, modelOf, packed, REQUESTERS, request, requester, requesterToTest, sections, shown, unpacked, valueAt, withChange, withoutSecrets } from "../configform.js";
import { Element, html, nothing } from "../element.js";
import { capitalised } from "../format.js";
import { chip } from "../parts/chip.js";
import { confirmed, show } from "../parts/dialog.js";
import "../parts/filerules.js";
import { attempt, notify } from "../parts/toasts.js";
import { go, setParams, typedParam } from "../router.js";
import { live, repeat } from "../vendor/lit.js";
import { named, t } from "../words.js";

const KEPT = "qbitrr-config-draft";
const HISTORY = "history";
const ADD = "add";
const NUMERIC = new Set(["integer", "number"]);

class Config extends Element {
  static properties = {
    route: {}, document: { state: true }, forms: { state: true }, draft: { state: true }, problems: { state: true },
    tested: { state: true }, versions: { state: true }, busy: { state: true },
  };
  #tag = "";
  /** The last test of each, none of what was changed since. @type {Map<string, object>} */
  #tests = new Map();
  /** The field that was typed into last, with its text. */
  #typed = { id: "", text: "" };
  #find = typedParam("q");

  constructor() {
    super();
    /** @type {import("../urlstate.js").Route} */
    this.route = { view: "config", path: [], params: {} };
    /** @type {Record<string, any>} */
    this.document = {};
    /** @type {Record<string, import("../answers.js").FormKey[]>} */
    this.forms = {};
    /** @type {import("../configform.js").Draft} */
    this.draft = unpacked(sessionStorage.getItem(KEPT));
    /** @type {Record<string, string>} */
    this.problems = {};
    /** @type {Record<string, import("../answers.js").Tested | null>} */
    this.tested = {};
    /** @type {import("../answers.js").VersionView[]} */
    this.versions = [];
    this.busy = false;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
    this.follow(["config"], () => {
      this.#load();
      this.#loadHistory();
    });
    this.follow(["connection"], ({ again }) => again && this.#load());
    this.on(window, "beforeunload", (event) => this.hasUnsaved && event.preventDefault());
  }

  get hasUnsaved() {
    return Object.keys(this.draft).length > 0;
  }

  willUpdate(changed) {
    if (this.loaded && (changed.has("draft") || changed.has("forms"))) {
      sessionStorage.setItem(KEPT, packed(withoutSecrets(this.draft, this.forms)));
    }
    if (changed.has("route")) {
      this.#loadHistory();
    }
  }

  get #section() {
    return this.route.path[0] ?? "Settings";
  }

  #load() {
    this.load(() => Promise.all([readTagged("config"), read("config/schema")]), ([{ answer, tag }, { sections: forms }]) => {
      this.document = answer;
      this.#tag = tag;
      this.forms = forms;
    });
  }

  #loadHistory() {
    if (this.#section === HISTORY) {
      this.loadPart("history", () => read("config/history"), ({ versions }) => (this.versions = versions));
    } else {
      this.drop("history");
    }
  }

  #change(section, name, value) {
    this.draft = withChange(this.draft, this.document, section, name, value);
    const { [`${section}.${name}`]: _solved, ...others } = this.problems;
    this.problems = others;
    [section, ...REQUESTERS.map((one) => `${section}.${one}`)].forEach((tested) => this.#forget(tested));
  }

  /** A result is of what was filled in when it was tested. */
  #forget(tested) {
    this.#tests.delete(tested);
    const { [tested]: _old, ...others } = this.tested;
    this.tested = others;
  }

  render() {
    const listed = sections(this.document, this.draft);
    const n = Object.keys(this.draft).length;
    return html`
      <header class="head">
        <h1>${t("view.config")}</h1>
        <div class="row">
          <button type="button" @click=${() => go("config", [ADD])}>${t("config.add")}</button>
          <button type="button" @click=${() => go("config", [HISTORY])}>${t("config.history")}</button>
        </div>
      </header>
      <div class="tabs" role="group" aria-label=${t("config.sections")}>
        ${listed.map((name) => html`<a class="button" href="#/config/${encodeURIComponent(name)}" aria-current=${name === this.#section ? "page" : nothing}>${name}
          ${Object.keys(this.draft).some((key) => key === name || key.startsWith(`${name}.`)) ? html`<span class="dot" title=${t("config.changes", { n: 1 })}></span>` : nothing}</a>`)}
      </div>
      ${this.note()}
      ${this.loaded ? this.#content(listed) : nothing}
      ${n ? html`<div class="save" role="region" aria-label=${t("config.changes", { n })}>
            <span class="grow">${t("config.changes", { n })} ${Object.keys(this.problems).length ? chip(t("config.problems", { n: Object.keys(this.problems).length }), "bad") : nothing}</span>
            <button type="button" @click=${() => this.#drop()}>${t("config.drop")}</button>
            <button type="button" class="strong" ?disabled=${this.busy} @click=${() => this.#review()}>${t("config.review")}</button>
          </div>` : nothing}
    `;
  }

  #content(listed) {
    const section = this.#section;
    if (section === HISTORY) {
      return this.#history();
    }
    return section === ADD || !listed.includes(section) ? this.#adding() : this.#form(section);
  }

  #form(section) {
    const kind = arrKind(section);
    const { q = "", changed } = this.route.params;
    const part = q.toLowerCase();
    const keys = (this.forms[modelOf(section)] ?? []).filter((key) => (!kind || key.kinds.includes(/** @type {any} */ (kind)))
      && (!part || `${key.name} ${key.about}`.toLowerCase().includes(part))
      && (!changed || valueAt(this.document, section, key.name) !== undefined || `${section}.${key.name}` in this.draft));
    const isService = kind || modelOf(section) === "qBit";
    return html`
      <div class="filters">
        <label class="grow">${t("config.filter")}<input type="search" .value=${q} @input=${this.#find} /></label>
        <label class="check"><input type="checkbox" .checked=${Boolean(changed)} @change=${(event) => setParams({ changed: event.target.checked })} /> ${t("config.changed.only")}</label>
        ${section === "Notifications" ? html`<button type="button" @click=${() => attempt(() => write("notifications/test"))}>${t("config.test.message")}</button>` : nothing}
        ${isService || section === "Prowlarr" ? html`<button type="button" @click=${() => this.#test(section)}>${t("config.test")}</button>` : nothing}
        ${isService ? html`${section in this.document
              ? html`<button type="button" ?disabled=${this.hasUnsaved} title=${this.hasUnsaved ? t("config.rename.later") : nothing}
                  @click=${() => this.#rename(section)}>${t("config.rename")}</button>`
              : nothing}
            <button type="button" class="danger" @click=${() => this.#remove(section)}>${t("config.remove")}</button>` : nothing}
      </div>
      ${this.#testResult(section)}
      ${keys.length ? nothing : html`<p class="empty">${t("config.filtered")} <button type="button" @click=${() => setParams({ q: "", changed: "" })}>${t("clear")}</button></p>`}
      ${groups(keys).map(([table, inTable]) => html`<section class="panel" aria-label=${table || section}>
        <h2 class="row"><span class="grow">${table ? table.replaceAll(".", " · ") : section}</span>
          ${requester(table) ? html`<button type="button" @click=${() => this.#test(section, requester(table))}>${t("config.test")}</button>` : nothing}</h2>
        ${requester(table) ? this.#testResult(`${section}.${requester(table)}`) : nothing}
        <div class="fields">${repeat(inTable, ({ name }) => `${section}.${name}`, (key) => this.#field(section, key))}</div>
        ${kind && table === "Torrent" && section in this.document ? this.#fileRules(section) : nothing}
      </section>`)}
    `;
  }

  /** Rules are tried before they are applied, by the worker that the section has now. */
  #fileRules(section) {
    const category = valueAt(this.document, section, "Category") || section;
    return html`<qb-file-rules .section=${section} .category=${category} .rules=${fileRules(this.forms.Arr ?? [], this.document, this.draft, section)}></qb-file-rules>`;
  }

  #testResult(section) {
    if (!(section in this.tested)) {
      return nothing;
    }
    const result = this.tested[section];
    return result
      ? html`<p class="note" data-kind=${result.success ? "good" : "bad"} role="status">${result.message} ${result.version ?? ""}</p>`
      : html`<p class="note" role="status">${t("config.testing")}</p>`;
  }

  /** @param {import("../answers.js").FormKey} key */
  #field(section, key) {
    const full = `${section}.${key.name}`;
    const id = `field-${full.replace(/[^\w-]/g, "_")}`;
    const drafted = full in this.draft;
    const present = drafted ? this.draft[full] : valueAt(this.document, section, key.name);
    const problem = Object.entries(this.problems).find(([name]) => name === full || name.startsWith(`${full}.`) || name.startsWith(`${full}[`))?.[1];
    const short = key.name.split(".").at(-1);
    return html`<div class="field" data-changed=${drafted ? "true" : nothing}>
      <label for=${id}><code>${short}</code></label>
      <div class="value">
        ${this.#input(section, key, id, present)}
        ${problem ? html`<p class="problem" id="${id}-problem">${problem}</p>` : nothing}
        <p class="muted" id="${id}-about">${key.about}</p>
        <p class="muted">${key.changeable ? this.#hint(section, key, present) : t("config.file.only")}</p>
      </div>
    </div>`;
  }

  #hint(section, key, present) {
    if (key.secret) {
      return t("config.secret.keep");
    }
    const value = shown(key.default);
    const limits = limitsOf(key);
    return html`${limits ? html`${limits}. ` : nothing}${value !== "–" && value.length < 80 ? t("config.default.is", { value }) : nothing}
      ${present === undefined ? nothing : html`<button type="button" class="link" aria-label="${t("config.default")}: ${key.name}" @click=${() => this.#change(section, key.name, undefined)}>${t("config.default")}</button>`}`;
  }

  /** @param {import("../answers.js").FormKey} key */
  #input(section, key, id, present) {
    const about = `${id}-about`;
    const value = present === undefined ? key.default : present;
    const change = (text) => this.#change(section, key.name, fromText(key, text));
    if (key.form === "rows") {
      return this.#rows(section, key, id, Array.isArray(value) ? value : []);
    }
    if (key.secret) {
      return html`<input id=${id} type="password" autocomplete="new-password" aria-describedby=${about} .value=${live(present ?? "")} ?disabled=${!key.changeable}
        @input=${(event) => this.#change(section, key.name, event.target.value || undefined)} />`;
    }
    if (key.form === "flag") {
      return html`<input id=${id} type="checkbox" aria-describedby=${about} .checked=${live(value === true || value === "true")} ?disabled=${!key.changeable}
        @change=${(event) => this.#change(section, key.name, event.target.checked)} />`;
    }
    if (key.form === "choice" && !key.many) {
      const choices = key.choices.map(String).includes(String(value)) ? key.choices : [value, ...key.choices];
      return html`<select id=${id} aria-describedby=${about} ?disabled=${!key.changeable} @change=${(event) => change(event.target.value)}>
        ${choices.map((choice) => html`<option value=${choice} .selected=${String(choice) === String(value)}>${choice}</option>`)}</select>`;
    }
    if (key.many || key.form === "mapping") {
      const text = asText(key, value);
      return html`<textarea id=${id} aria-describedby=${about} rows=${Math.min(8, text.split("\n").length + 1)} spellcheck="false" ?disabled=${!key.changeable}
        .value=${text} @change=${(event) => change(event.target.value)}></textarea>`;
    }
    return html`<input id=${id} type="text" inputmode=${NUMERIC.has(key.form) ? "numeric" : nothing} aria-describedby=${about} spellcheck="false" ?disabled=${!key.changeable}
      .value=${fieldText(key, value, this.#typed.id === id ? this.#typed.text : undefined)}
      @input=${(event) => {
        this.#typed = { id, text: event.target.value };
        change(event.target.value);
      }} />`;
  }

  /** @param {import("../answers.js").FormKey} key @param {Record<string, any>[]} rows */
  #rows(section, key, id, rows) {
    const put = (changed) => this.#change(section, key.name, changed.length ? changed : undefined);
    const inputs = /** @type {import("../answers.js").FormKey[]} */ (key.rows ?? []);
    return html`<div class="rows" id=${id} role="group" aria-label=${key.name}>
      ${rows.map((row, index) => html`<details class="card">
        <summary>${shown(row.Name ?? row.URI ?? row.Uri ?? Object.values(row)[0])}</summary>
        <div class="row-fields">${inputs.map((inner) => html`<label title=${inner.about}><code>${inner.name}</code>
          <input type="text" spellcheck="false" .value=${asText(inner, row[inner.name])} placeholder=${shown(inner.default)}
            @change=${(event) => {
              const { [inner.name]: _before, ...others } = row;
              const text = event.target.value;
              const next = text ? { ...others, [inner.name]: this.#cell(inner, text) } : others;
              put(rows.map((one, number) => (number === index ? next : one)));
            }} /></label>`)}</div>
        <footer><button type="button" @click=${() => put(rows.filter((_, number) => number !== index))}>${t("config.row.remove")}</button></footer>
      </details>`)}
      <button type="button" ?disabled=${!key.changeable} @click=${() => put([...rows, {}])}>${t("config.row.add")}</button>
    </div>`;
  }

  #cell(inner, text) {
    if (inner.form === "flag") {
      return text.toLowerCase() === "true" ? true : text.toLowerCase() === "false" ? false : text;
    }
    return inner.many ? text.split(",").map((part) => part.trim()).filter(Boolean) : fromText(inner, text);
  }

  // -- changing ---------------------------------------------------------------------------------------------------

  async #drop() {
    if (await confirmed(t("config.drop"), t("config.changes", { n: Object.keys(this.draft).length }), t("config.drop"), true)) {
      this.draft = {};
      this.problems = {};
    }
  }

  /** Shows what a change does, and makes it when that is agreed to; returns whether it was made. @param {object} change */
  async #review(change = request(this.draft)) {
    this.busy = true;
    const tag = this.#tag; // of what the plan is about, also when the file is changed while it is read
    try {
      const plan = await write("config/plan", change);
      this.problems = {};
      this.busy = false;
      if (await show(t("config.plan"), this.#plan(plan), t("config.apply"))) {
        await this.#apply(change, tag);
        return true;
      }
    } catch (error) {
      this.#refused(error);
    } finally {
      this.busy = false;
    }
    return false;
  }

  async #apply(change, tag) {
    await write("config", change, { "If-Match": tag });
    this.draft = {};
    this.#load();
    notify(t("config.applied"));
  }

  #refused(error) {
    if (error.status === 400 && error.details) {
      this.problems = error.details;
      const first = Object.keys(error.details)[0] ?? "";
      const section = first.split(".")[0];
      if (section && section !== this.#section) {
        go("config", [section]);
      }
      this.updateComplete.then(() => this.querySelector(".problem")?.scrollIntoView({ block: "center" }));
    }
    notify(error.message, "bad", error.status === 401 || error.status === 403);
  }

  /** @param {import("../answers.js").PlanView} plan */
  #plan({ changed, workers, afterRestart, overridden, warnings, effects }) {
    const line = (word, list) => (list.length ? html`<p>${t(word, { list: list.join(", ") })}</p>` : nothing);
    return html`<div class="stack">
      ${this.#changes(changed)}
      ${line("config.restarts", workers.restarted ?? [])} ${line("config.starts", workers.started ?? [])} ${line("config.stops", workers.stopped ?? [])}
      ${line("config.daemon", afterRestart)}
      ${[...(workers.restarted ?? []), ...(workers.started ?? []), ...(workers.stopped ?? [])].length ? nothing : html`<p>${t("config.no.worker")}</p>`}
      ${Object.entries(overridden).map(([key, variable]) => html`<p class="note" data-kind="wait">${t("config.overridden", { key, variable })}</p>`)}
      ${warnings.map((warning) => html`<p class="note" data-kind="wait">${warning}</p>`)}
      ${effects.map((effect) => this.#effect(effect))}
    </div>`;
  }

  /** @param {import("../answers.js").EffectView} effect */
  #effect({ category, judged, removed, spared, torrents, unknown }) {
    if (judged === null) {
      return html`<p class="note" data-kind="wait">${t("config.effect.unanswered", { category })}</p>`;
    }
    const verdict = ([action, , because]) => `${named("action", action)}, ${because}`;
    return html`<section class="stack">
      <h3>${t("config.effect", { category, judged })}</h3>
      ${removed ? html`<p class="note" data-kind="bad">${t("config.effect.removed", { n: removed })}</p>` : nothing}
      ${spared ? html`<p class="note" data-kind="good">${t("config.effect.spared", { n: spared })}</p>` : nothing}
      ${removed || spared ? nothing : html`<p>${t("config.effect.none")}</p>`}
      ${torrents.length ? html`<ul class="entries">${torrents.map((one) => html`<li>
        <strong>${one.name}</strong> <p>${capitalised(verdict(one.after))}</p> <p class="muted">${t("config.effect.now", { verdict: verdict(one.before) })}</p>
      </li>`)}</ul>` : nothing}
      ${unknown.map((name) => html`<p class="muted">${named("unknown", name)}</p>`)}
    </section>`;
  }

  #changes(changed) {
    return html`<dl class="changes">${changed.map(({ key, before, after }) => html`<div>
      <dt><code>${key}</code></dt><dd><del>${shown(before)}</del> → <ins>${shown(after)}</ins></dd></div>`)}</dl>`;
  }

  // -- sections ---------------------------------------------------------------------------------------------------

  /** Tests what a section is about, or one of its sources of requests. */
  async #test(section, requested = "") {
    const name = requested ? `${section}.${requested}` : section;
    this.tested = { ...this.tested, [name]: null };
    const asked = requested ? requesterToTest(this.document, this.draft, section, requested) : this.#toTest(section);
    this.#tests.set(name, asked);
    const isLast = () => this.#tests.get(name) === asked;
    try {
      const result = await write("arr/test-connection", asked);
      this.tested = isLast() ? { ...this.tested, [name]: result } : this.tested;
    } catch (error) {
      if (!isLast()) {
        return;
      }
      this.#forget(name);
      notify(error.message, "bad", error.status === 401 || error.status === 403);
    }
  }

  /** What is being filled in when it has a secret of its own; else the section as it is stored. */
  #toTest(section) {
    const drafted = (name) => this.draft[`${section}.${name}`];
    const kind = section === "Prowlarr" ? "prowlarr" : arrKind(section);
    if (kind && drafted("APIKey")) {
      return { arrType: kind, uri: drafted("URI") ?? valueAt(this.document, section, "URI") ?? "", apiKey: drafted("APIKey") };
    }
    return { section };
  }

  /** Everything of the section stays, also what was done to its torrents. */
  async #rename(section) {
    let name = section;
    const field = html`<div class="stack"><label>${t("config.rename.name")}
        <input .value=${section} spellcheck="false" @input=${(event) => (name = event.target.value.trim())} /></label>
      <p class="muted">${t("config.rename.text")}</p></div>`;
    const agreed = await show(t("config.rename.title", { section }), field, t("config.review"));
    if (agreed && name && name !== section && (await this.#review({ renames: { [section]: name } }))) {
      go("config", [name]);
    }
  }

  async #remove(section) {
    if (await confirmed(t("config.remove"), section, t("config.remove"), true)) {
      const others = Object.entries(this.draft).filter(([key]) => !key.startsWith(`${section}.`));
      this.draft = { ...Object.fromEntries(others), ...(section in this.document ? { [section]: undefined } : {}) };
      go("config");
    }
  }

  #adding() {
    return html`<form class="panel adding" @submit=${(event) => this.#add(event)}>
      <h2>${t("config.add.title")}</h2>
      <div class="filters">
        <label>${t("category.kind")}<select name="kind">${["Radarr", "Sonarr", "Lidarr", "qBit"].map((kind) => html`<option>${kind}</option>`)}</select></label>
        <label class="grow">${t("config.add.name", { example: "Movies, 4K, nas" })}<input name="name" pattern="[^.\\[\\]]*" /></label>
        <button class="strong">${t("config.add")}</button>
      </div>
    </form>`;
  }

  #add(event) {
    event.preventDefault();
    const { kind, name } = Object.fromEntries(new FormData(event.target));
    const section = name ? `${kind}-${name}` : String(kind);
    if (!(section in this.document)) {
      const first = kind === "qBit" ? { [`${section}.Host`]: "localhost" } : { [`${section}.Managed`]: true };
      this.draft = { ...first, ...this.draft };
    }
    go("config", [section]);
  }

  #history() {
    return html`<section><h2>${t("config.history")}</h2>
      ${this.versions.length
        ? html`<ol class="entries">${this.versions.map((version, index) => html`<li class="version">
            <p class="row"><strong class="grow">${t("config.version", { id: version.id, author: version.author })}</strong> <qb-time class="muted" at=${version.at}></qb-time>
              ${index ? html`<button type="button" @click=${() => this.#rollBack(version.id)}>${t("config.rollback")}</button>` : nothing}</p>
            ${version.changed.length ? this.#changes(version.changed) : html`<p class="muted">${t("config.first.version")}</p>`}
          </li>`)}</ol>`
        : html`<p class="empty">${t("config.no.history")}</p>`}
    </section>`;
  }

  async #rollBack(id) {
    if (await confirmed(t("config.rollback.title", { id }), t("config.rollback.text"), t("config.rollback"))) {
      await attempt(() => write("config/rollback", { id }));
      this.#load();
      this.#loadHistory();
    }
  }
}

customElements.define("qb-config", Config);
