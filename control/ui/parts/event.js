// Rows of a timeline: what qbitrr did, and what the user, the Arr or qBittorrent did.
import { html, nothing } from "../vendor/lit.js";
import { capitalised } from "../format.js";
import { canUndo, ending, kindOf, reason } from "../sentences.js";
import { named, t } from "../words.js";
import { chip } from "./chip.js";
import { undo } from "./undo.js";

/** @param {import("../answers.js").TimelineEvent} event */
export function eventRow({ actor, kind, at, text, instance, category }) {
  return html`<li data-actor=${actor}>
    <p>${chip(t(`actor.${actor}`))} <strong>${capitalised(named("event", kind))}</strong> <qb-time at=${at}></qb-time></p>
    ${text || instance ? html`<p class="muted">${text || instance} <span>(${category})</span></p>` : nothing}
  </li>`;
}

/** An action of ours, with something more below its outcome. @param {import("../answers.js").Decision} entry */
export function actionRow(entry, more) {
  return html`<li data-kind=${kindOf(entry.state)} data-actor="qbitrr">
    <p>${chip(t("actor.qbitrr"), kindOf(entry.state))} <strong>${capitalised(named("action", entry.action))}</strong> <qb-time at=${entry.plannedAt}></qb-time></p>
    <p>${reason(entry)}</p>
    <p class="muted">${ending(entry)}</p>
    ${more}
    ${canUndo(entry) ? html`<button type="button" @click=${() => undo(entry)}>${t("undo")}</button>` : nothing}
  </li>`;
}
