// The newest rows of the ledger.
import { read } from "./api.js";
import { element, keyed, setAttribute, setText } from "./dom.js";
import { explain } from "./explain.js";
import { actionWord, ago, endWord, moment, sentence, spaced } from "./words.js";

const SHOWN = 30;

const section = document.getElementById("decisions-section");
const none = document.getElementById("no-decisions");
const render = keyed(document.getElementById("decisions"), (decision) => decision.id, row);

export async function refreshDecisions() {
  const { decisions } = await read(`decisions?limit=${SHOWN}`);
  render(decisions);
  none.hidden = decisions.length > 0;
  section.hidden = false;
}

function row(decision) {
  const time = element("time", { datetime: decision.plannedAt, title: moment(decision.plannedAt) });
  const action = element("span", { class: "action", "data-action": decision.action }, actionWord(decision.action));
  const torrent = element("button", { type: "button", class: "torrent", click: () => explain(decision) }, decision.name);
  const because = element(
    "p",
    { class: "quiet" },
    `${sentence(decision.because)} `,
    element("span", { class: "rule" }, `rule ${spaced(decision.rule)}, ${decision.category}`),
  );
  const outcome = element("p", { class: "outcome" });
  const node = element("li", {}, time, action, element("div", {}, torrent, because), outcome);

  function update(now) {
    setText(time, ago(now.plannedAt));
    setAttribute(node, "data-end", now.state);
    setText(outcome, sentence(now.outcome ? `${endWord(now.state)}: ${now.outcome}` : endWord(now.state)));
  }

  return { node, update };
}
