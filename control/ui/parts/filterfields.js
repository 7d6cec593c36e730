// Fields of a filter: what to choose from, days, and how they fold where there is no room for them.
import { localDay, midnight } from "../format.js";
import { setParams } from "../router.js";
import { html } from "../vendor/lit.js";
import { t } from "../words.js";
import { chip } from "./chip.js";

/** @param {unknown} content @param {number} active how many of them are set */
export const fold = (content, active) =>
  matchMedia("(min-width: 56rem)").matches
    ? content
    : html`<details class="fold"><summary>${t("filters")} ${active ? chip(String(active), "busy") : ""}</summary><div class="filters">${content}</div></details>`;

/** One of several values, or all. @param {Record<string, any>} params of the URL @param {string} name of its parameter @param {(value: string) => string} word */
export const pick = (params, name, label, values, word) => html`<label>${label}
  <select .value=${params[name] ?? ""} @change=${(event) => setParams({ [name]: event.target.value })}>
    <option value="">${t("all")}</option>
    ${values.map((value) => html`<option value=${value} .selected=${params[name] === value}>${word(value)}</option>`)}
  </select></label>`;

/** From a day on, or until its end. @param {Record<string, any>} params of the URL @param {"since" | "until"} name of its parameter */
export const day = (params, name) => {
  const end = name === "until" ? 1 : 0;
  return html`<label>${t(name)}<input type="date" .value=${localDay(params[name], end)} @change=${(event) => setParams({ [name]: midnight(event.target.value, end) })} /></label>`;
};
