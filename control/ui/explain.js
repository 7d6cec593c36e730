// Why something was done to a torrent, or nothing: every rule that was asked, and everything that was done.
import { read } from "./api.js";
import { show } from "./dialog.js";
import { element } from "./dom.js";
import { actionWord, endWord, fact, moment, outcomeWord, sentence, spaced } from "./words.js";

export async function explain({ hash, name }) {
  show(name, element("p", { class: "quiet" }, "Looking it up …"));
  try {
    const { torrents, history } = await read(`torrents/${encodeURIComponent(hash)}/explain`);
    show(
      name,
      element("p", { class: "quiet hash" }, hash),
      ...torrents.map(verdict),
      torrents.length ? null : element("p", {}, "No qBittorrent has it any more."),
      element("h3", {}, "What was done"),
      history.length
        ? element("ol", { class: "history" }, ...history.toReversed().map(entry))
        : element("p", { class: "quiet" }, "Nothing."),
    );
  } catch (error) {
    show(name, element("p", {}, error.message));
  }
}

function verdict({ instance, category, action, because, since, trace }) {
  return element(
    "section",
    {},
    element("h3", {}, `Now, on ${instance}`),
    element(
      "p",
      {},
      element("span", { class: "action", "data-action": action }, actionWord(action)),
      ` ${sentence(because)} `,
      element("span", { class: "quiet" }, `(${category}, since ${moment(since)})`),
    ),
    element(
      "details",
      { open: true },
      element("summary", {}, `${trace.length} rules were asked`),
      element("ol", { class: "trace" }, ...trace.map(step)),
    ),
  );
}

function step({ rule, outcome, because, facts }) {
  return element(
    "li",
    { "data-outcome": outcome },
    element("strong", {}, spaced(rule)),
    element("span", { class: "outcome" }, outcomeWord(outcome)),
    element("p", {}, sentence(because)),
    table(facts),
  );
}

function entry({ plannedAt, updatedAt, action, rule, because, state, outcome, instance, facts }) {
  return element(
    "li",
    { "data-end": state },
    element("span", { class: "action", "data-action": action }, actionWord(action)),
    element("time", { datetime: plannedAt }, moment(plannedAt)),
    element("p", {}, `${sentence(because)} (rule ${spaced(rule)}, ${instance})`),
    element("p", { class: "outcome" }, sentence(outcome ? `${endWord(state)}: ${outcome}` : endWord(state)), `, ${moment(updatedAt)}`),
    table(facts),
  );
}

function table(facts) {
  const rows = Object.entries(facts).map(([name, value]) => fact(name, value));
  if (!rows.length) {
    return null;
  }
  return element(
    "dl",
    { class: "facts" },
    ...rows.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
  );
}
