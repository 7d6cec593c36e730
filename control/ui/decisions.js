// The newest rows of the ledger.
import { read } from "./api.js";
import { element, keyedList, setAttribute, setText } from "./dom.js";
import { explain } from "./explain.js";
import { actionWord, capitalised, endSentence, formatAgo, formatTime, spaced } from "./words.js";

const SHOWN = 30;

const section = document.getElementById("decisions-section");
const emptyNote = document.getElementById("no-decisions");
const render = keyedList(document.getElementById("decisions"), (decision) => decision.id, makeRow);

export async function refreshDecisions() {
  const { decisions } = await read(`decisions?limit=${SHOWN}`);
  render(decisions);
  emptyNote.hidden = decisions.length > 0;
  section.hidden = false;
}

function makeRow(decision) {
  const time = element("time", { datetime: decision.plannedAt, title: formatTime(decision.plannedAt) });
  const action = element("span", { class: "action", "data-action": decision.action }, actionWord(decision.action));
  const torrent = element("button", { type: "button", class: "torrent", click: () => explain(decision) }, decision.name);
  const because = element(
    "p",
    { class: "muted" },
    `${capitalised(decision.because)} `,
    element("span", { class: "rule" }, `rule ${spaced(decision.rule)}, ${decision.category}`),
  );
  const outcome = element("p", { class: "outcome" });
  const node = element("li", {}, time, action, element("div", {}, torrent, because), outcome);

  function update(current) {
    setText(time, formatAgo(current.plannedAt));
    setAttribute(node, "data-end", current.state);
    setText(outcome, endSentence(current));
  }

  return { node, update };
}
