// Why something was done to a torrent, or nothing: every rule that was evaluated, and everything that was done.
import { read } from "./api.js";
import { showDialog } from "./dialog.js";
import { element } from "./dom.js";
import { actionWord, capitalised, endSentence, formatFact, formatTime, outcomeWord, spaced } from "./words.js";

export async function explain({ hash, name }) {
  showDialog(name, element("p", { class: "muted" }, "Loading …"));
  try {
    const { torrents, history } = await read(`torrents/${encodeURIComponent(hash)}/explain`);
    showDialog(
      name,
      element("p", { class: "muted hash" }, hash),
      ...torrents.map(verdictView),
      torrents.length ? null : element("p", {}, "No qBittorrent has it any more."),
      element("h3", {}, "What was done"),
      history.length
        ? element("ol", { class: "history" }, ...history.toReversed().map(entryView))
        : element("p", { class: "muted" }, "Nothing."),
    );
  } catch (error) {
    showDialog(name, element("p", {}, error.message));
  }
}

function verdictView({ instance, category, action, because, since, trace }) {
  return element(
    "section",
    {},
    element("h3", {}, `Now, on ${instance}`),
    element(
      "p",
      {},
      element("span", { class: "action", "data-action": action }, actionWord(action)),
      ` ${capitalised(because)} `,
      element("span", { class: "muted" }, `(${category}, since ${formatTime(since)})`),
    ),
    element(
      "details",
      { open: true },
      element("summary", {}, `${trace.length} rules were evaluated`),
      element("ol", { class: "trace" }, ...trace.map(stepView)),
    ),
  );
}

function stepView({ rule, outcome, because, facts }) {
  return element(
    "li",
    { "data-outcome": outcome },
    element("strong", {}, spaced(rule)),
    element("span", { class: "outcome" }, outcomeWord(outcome)),
    element("p", {}, capitalised(because)),
    factsTable(facts),
  );
}

function entryView({ plannedAt, updatedAt, action, rule, because, state, outcome, instance, facts }) {
  return element(
    "li",
    { "data-end": state },
    element("span", { class: "action", "data-action": action }, actionWord(action)),
    element("time", { datetime: plannedAt }, formatTime(plannedAt)),
    element("p", {}, `${capitalised(because)} (rule ${spaced(rule)}, ${instance})`),
    element("p", { class: "outcome" }, endSentence({ state, outcome }), `, ${formatTime(updatedAt)}`),
    factsTable(facts),
  );
}

function factsTable(facts) {
  const rows = Object.entries(facts).map(([name, value]) => formatFact(name, value));
  if (!rows.length) {
    return null;
  }
  return element(
    "dl",
    { class: "facts" },
    ...rows.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
  );
}
