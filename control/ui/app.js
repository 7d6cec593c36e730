// Keeps the page live: one request at a time, only while somebody looks.
import { refreshDecisions } from "./decisions.js";
import { setAttribute, setText } from "./dom.js";
import { askForToken, refreshSetup } from "./notices.js";
import { refreshCounts, refreshWorkers } from "./workers.js";

const OFTEN_MS = 2000;
const SELDOM_MS = 10_000;
const LONGEST_PAUSE_MS = 30_000;

const live = document.getElementById("live");

async function run() {
  let failures = 0;
  let seldomDue = 0;
  let asked = false;
  for (;;) {
    await visible();
    try {
      await refreshWorkers();
      await refreshDecisions();
      if (Date.now() >= seldomDue) {
        await refreshSetup();
        await refreshCounts();
        await refreshWorkers();
        seldomDue = Date.now() + SELDOM_MS;
      }
      failures = 0;
      asked = false;
      show("on", "Live");
    } catch (error) {
      if (error.status === 401) {
        show("off", "Token needed");
        await askForToken(asked);
        asked = true;
        continue;
      }
      failures += 1;
      show("off", error.status ? error.message : "No answer, trying again");
    }
    await pause(Math.min(OFTEN_MS * 2 ** failures, LONGEST_PAUSE_MS));
  }
}

function show(state, text) {
  setAttribute(live, "data-live", state);
  setText(live, text);
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function visible() {
  if (!document.hidden) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const look = () => {
      if (!document.hidden) {
        document.removeEventListener("visibilitychange", look);
        resolve();
      }
    };
    document.addEventListener("visibilitychange", look);
  });
}

run();
