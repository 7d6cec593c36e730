// One card for each worker: its state, what it is doing, and the counts of its Arr.
import { read, write } from "./api.js";
import { confirm } from "./dialog.js";
import { element, keyedList, setAttribute, setText } from "./dom.js";
import { notify } from "./notices.js";
import { formatAge, formatAgo, formatBytes, formatCount, formatTime, kindWord, stateWord } from "./words.js";

const LISTS = { radarr: "movies", sonarr: "series", lidarr: "artists" };
const COUNTED_ITEMS = { radarr: "movies", sonarr: "episodes", lidarr: "albums" };

const section = document.getElementById("workers-section");
const summary = document.getElementById("summary");
const render = keyedList(document.getElementById("workers"), (worker) => worker.category, makeCard);
let arrs = new Map();
let counts = new Map();

export async function refreshWorkers() {
  const { processes } = await read("processes");
  if (processes.some((worker) => !arrs.has(worker.category))) {
    arrs = new Map((await read("arr")).arr.map((arr) => [arr.category, arr]));
  }
  render(processes);
  setText(summary, summaryOf(processes));
  section.hidden = processes.length === 0;
}

export async function refreshCounts() {
  for (const { category, type } of arrs.values()) {
    const page = await read(`${type}/${encodeURIComponent(category)}/${LISTS[type]}?page_size=1`);
    counts.set(category, page.counts);
  }
}

function summaryOf(workers) {
  const states = new Map();
  for (const { state } of workers) {
    states.set(state, (states.get(state) ?? 0) + 1);
  }
  return [...states].map(([state, number]) => `${number} ${stateWord(state).toLowerCase()}`).join(", ");
}

function makeCard(worker) {
  const name = element("h3");
  const state = element("span", { class: "state" });
  const identity = element("p", { class: "muted" });
  const activity = element("p", { class: "activity" });
  const search = element("p", { class: "muted" });
  const bar = element("div", { class: "bar", "aria-hidden": "true" }, element("div"));
  const library = element("p", { class: "library" });
  const trouble = element("p", { class: "trouble" });
  const numbers = new Map(
    ["Queue", "Torrents", "Memory", "Restarts"].map((label) => [label, element("dd")]),
  );
  const table = element(
    "dl",
    { class: "numbers" },
    ...[...numbers].map(([label, value]) => element("div", {}, element("dt", {}, label), value)),
  );
  const restart = element("button", { type: "button", click: () => confirmRestart(worker.category) }, "Restart");
  const node = element(
    "li",
    { class: "card" },
    element("header", {}, name, state),
    identity,
    activity,
    search,
    bar,
    library,
    trouble,
    element("footer", {}, table, restart),
  );

  function update(current) {
    const arr = arrs.get(current.category);
    const title = displayName(current);
    setText(name, title);
    setAttribute(restart, "aria-label", `Restart ${title}`);
    setAttribute(node, "data-state", current.phase);
    setText(state, stateWord(current.phase));
    setAttribute(state, "title", `since ${formatTime(current.since)}`);
    const process = current.pid === null ? "no process" : `process ${current.pid}`;
    setText(identity, [arr?.type, current.category, `for ${formatAge(current.since)}`, process].filter(Boolean).join(" · "));
    setText(activity, current.alive ? kindWord(current.kind) : "");
    setText(search, current.searchSummary ? `Last search: ${current.searchSummary}, ${formatAgo(current.searchTimestamp)}` : "");
    setText(trouble, troubleOf(current));
    setText(numbers.get("Queue"), formatCount(current.queueCount));
    setText(numbers.get("Torrents"), formatCount(current.categoryCount));
    setText(numbers.get("Memory"), formatBytes(current.rss));
    setText(numbers.get("Restarts"), formatCount(current.restarts));
    showCounts(counts.get(current.category), COUNTED_ITEMS[arr?.type] ?? "");
  }

  function showCounts(counted, items) {
    bar.hidden = !counted?.monitored;
    if (!counted) {
      setText(library, "");
    } else if (counted.monitored === 0) {
      setText(library, `No monitored ${items} known yet`);
    } else {
      bar.firstElementChild.style.width = `${(100 * counted.available) / counted.monitored}%`;
      setText(
        library,
        `${formatCount(counted.monitored)} monitored · ${formatCount(counted.available)} available · ${formatCount(counted.missing)} missing`,
      );
    }
  }

  return { node, update };
}

function displayName(worker) {
  return arrs.get(worker.category)?.name ?? worker.name;
}

// The text of a service's error begins with the name of the service, which is shown already.
function troubleOf({ waitingFor, lastError }) {
  if (!waitingFor) {
    return lastError ? `Last error: ${lastError}` : "";
  }
  const why = (lastError ?? "").replace(`${waitingFor}: `, "");
  return why ? `Waits for ${waitingFor}: ${why}` : `Waits for ${waitingFor}`;
}

async function confirmRestart(category) {
  const name = arrs.get(category)?.name ?? category;
  const text = "A new process replaces this one and resumes what it is doing.";
  if (await confirm(`Restart ${name}?`, text, "Restart")) {
    try {
      await write(`arr/${encodeURIComponent(category)}/restart`);
      notify(`${name} is being restarted.`);
    } catch (error) {
      notify(`${name} was not restarted: ${error.message}`, "bad");
    }
  }
}
