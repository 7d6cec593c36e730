// Filters beside each other, or behind a heading where there is no room for them.
import { html } from "../vendor/lit.js";
import { t } from "../words.js";
import { chip } from "./chip.js";

/** @param {unknown} content @param {number} active how many of them are set */
export const fold = (content, active) =>
  matchMedia("(min-width: 56rem)").matches
    ? content
    : html`<details class="fold"><summary>${t("filters")} ${active ? chip(String(active), "busy") : ""}</summary><div class="filters">${content}</div></details>`;
