// A word in a coloured shape: never the colour alone.
import { html, nothing } from "../vendor/lit.js";

/** @param {string} kind good, busy, wait, bad or still */
export const chip = (text, kind = "still", title = "") => html`<span class="chip" data-kind=${kind} title=${title || nothing}>${text}</span>`;
