// One entry of the ledger as a row.
import { html, nothing } from "../vendor/lit.js";
import { canUndo, deed, kindOf, reason } from "../sentences.js";
import { capitalised } from "../format.js";
import { named, t } from "../words.js";
import { chip } from "./chip.js";
import { explain } from "../opentorrent.js";
import { undo } from "./undo.js";

/** @param {import("../answers.js").Decision} entry */
export function entryRow(entry) {
  return html`<li class="entry" data-kind=${kindOf(entry.state)}>
    <qb-time at=${entry.plannedAt}></qb-time>
    <div>
      <p class="deed">${deed(entry)} <button type="button" class="link" data-row @click=${() => explain(entry.hash, entry.name)}>${entry.name}</button></p>
      <p class="muted">${reason(entry)}</p>
      ${entry.outcome ? html`<p class="muted">${capitalised(entry.outcome)}</p>` : nothing}
    </div>
    <div class="aside">
      ${chip(capitalised(named("ledger", entry.state)), kindOf(entry.state))}
      <span class="muted">${entry.category}</span>
      ${canUndo(entry) ? html`<button type="button" @click=${() => undo(entry)}>${t("undo")}</button>` : nothing}
    </div>
  </li>`;
}
