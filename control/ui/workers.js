// One card for each worker: what it is, what it does, what its Arr has.
import { read, write } from "./api.js";
import { confirm } from "./dialog.js";
import { element, keyed, setAttribute, setText } from "./dom.js";
import { tell } from "./notices.js";
import { age, ago, bytes, count, kindWord, moment, stateWord } from "./words.js";

const LISTS = { radarr: "movies", sonarr: "series", lidarr: "artists" };
const COUNTED = { radarr: "movies", sonarr: "episodes", lidarr: "albums" };

const section = document.getElementById("workers-section");
const summary = document.getElementById("summary");
const render = keyed(document.getElementById("workers"), (worker) => worker.category, card);
let arrs = new Map();
let counts = new Map();

export async function refreshWorkers() {
  const { processes } = await read("processes");
  if (processes.some((worker) => !arrs.has(worker.category))) {
    arrs = new Map((await read("arr")).arr.map((arr) => [arr.category, arr]));
  }
  render(processes);
  setText(summary, summed(processes));
  section.hidden = processes.length === 0;
}

export async function refreshCounts() {
  for (const { category, type } of arrs.values()) {
    const page = await read(`${type}/${encodeURIComponent(category)}/${LISTS[type]}?page_size=1`);
    counts.set(category, page.counts);
  }
}

function summed(workers) {
  const states = new Map();
  for (const { state } of workers) {
    states.set(state, (states.get(state) ?? 0) + 1);
  }
  return [...states].map(([state, number]) => `${number} ${stateWord(state).toLowerCase()}`).join(", ");
}

function card(worker) {
  const name = element("h3");
  const state = element("span", { class: "state" });
  const origin = element("p", { class: "quiet" });
  const doing = element("p", { class: "doing" });
  const search = element("p", { class: "quiet" });
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
  const restart = element("button", { type: "button", click: () => askRestart(worker.category) }, "Restart");
  const node = element(
    "li",
    { class: "card" },
    element("header", {}, name, state),
    origin,
    doing,
    search,
    bar,
    library,
    trouble,
    element("footer", {}, table, restart),
  );

  function update(now) {
    const arr = arrs.get(now.category);
    const title = displayName(now);
    setText(name, title);
    setAttribute(restart, "aria-label", `Restart ${title}`);
    setAttribute(node, "data-state", now.phase);
    setText(state, stateWord(now.phase));
    setAttribute(state, "title", `since ${moment(now.since)}`);
    const process = now.pid === null ? "no process" : `process ${now.pid}`;
    setText(origin, [arr?.type, now.category, `for ${age(now.since)}`, process].filter(Boolean).join(" · "));
    setText(doing, now.alive ? kindWord(now.kind) : "");
    setText(search, now.searchSummary ? `Last search: ${now.searchSummary}, ${ago(now.searchTimestamp)}` : "");
    setText(trouble, troubleOf(now));
    setText(numbers.get("Queue"), count(now.queueCount));
    setText(numbers.get("Torrents"), count(now.categoryCount));
    setText(numbers.get("Memory"), bytes(now.rss));
    setText(numbers.get("Restarts"), count(now.restarts));
    showCounts(counts.get(now.category), COUNTED[arr?.type] ?? "");
  }

  function showCounts(counted, what) {
    bar.hidden = !counted?.monitored;
    if (!counted) {
      setText(library, "");
    } else if (counted.monitored === 0) {
      setText(library, `No monitored ${what} known yet`);
    } else {
      bar.firstElementChild.style.width = `${(100 * counted.available) / counted.monitored}%`;
      setText(
        library,
        `${count(counted.monitored)} monitored · ${count(counted.available)} available · ${count(counted.missing)} missing`,
      );
    }
  }

  return { node, update };
}

function displayName(worker) {
  return arrs.get(worker.category)?.name ?? worker.name;
}

// An error of a service begins with its name.
function troubleOf({ waitingFor, lastError }) {
  if (!waitingFor) {
    return lastError ? `Last error: ${lastError}` : "";
  }
  const why = (lastError ?? "").replace(`${waitingFor}: `, "");
  return why ? `Waits for ${waitingFor}: ${why}` : `Waits for ${waitingFor}`;
}

async function askRestart(category) {
  const name = arrs.get(category)?.name ?? category;
  const text = "A fresh process takes its place and goes on with what this one is doing.";
  if (await confirm(`Restart ${name}?`, text, "Restart")) {
    try {
      await write(`arr/${encodeURIComponent(category)}/restart`);
      tell(`${name} is being restarted.`);
    } catch (error) {
      tell(`${name} was not restarted: ${error.message}`, "bad");
    }
  }
}
