// One event of a timeline that is no action of ours: what the user, the Arr or qBittorrent did.
import { html, nothing } from "../vendor/lit.js";
import { capitalised } from "../format.js";
import { named, t } from "../words.js";
import { chip } from "./chip.js";

/** @param {import("../answers.js").TimelineEvent} event */
export function eventRow({ actor, kind, at, text, instance, category }) {
  return html`<li data-actor=${actor}>
    <p>${chip(t(`actor.${actor}`))} <strong>${capitalised(named("event", kind))}</strong> <qb-time at=${at}></qb-time></p>
    ${text || instance ? html`<p class="muted">${text || instance} <span>(${category})</span></p>` : nothing}
  </li>`;
}
