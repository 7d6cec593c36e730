// Keeps the page up to date: one request at a time, and only while the page is visible.
import { refreshAppearance } from "./appearance.js";
import { refreshDecisions } from "./decisions.js";
import { setAttribute, setText } from "./dom.js";
import { useLoginLink } from "./login.js";
import { askForToken, refreshSetup } from "./notices.js";
import { refreshCounts, refreshWorkers } from "./workers.js";

const REFRESH_MS = 2000;
const SLOW_REFRESH_MS = 10_000;
const LONGEST_PAUSE_MS = 30_000;

const connection = document.getElementById("connection");

async function refreshRepeatedly() {
  let failures = 0;
  let slowRefreshAt = 0;
  let hasCounts = false;
  let tokenRejected = false;
  for (;;) {
    await untilVisible();
    try {
      await refreshWorkers();
      await refreshDecisions();
      if (Date.now() >= slowRefreshAt) {
        const isLive = await refreshAppearance();
        await refreshSetup();
        if (isLive || !hasCounts) {
          await refreshCounts();
          hasCounts = true;
        }
        await refreshWorkers();
        slowRefreshAt = Date.now() + SLOW_REFRESH_MS;
      }
      failures = 0;
      tokenRejected = false;
      showConnection("on", "Live");
    } catch (error) {
      if (error.status === 401) {
        showConnection("off", "Token needed");
        await askForToken(tokenRejected);
        tokenRejected = true;
        continue;
      }
      failures += 1;
      showConnection("off", error.status ? error.message : "No answer, retrying");
    }
    await pause(Math.min(REFRESH_MS * 2 ** failures, LONGEST_PAUSE_MS));
  }
}

function showConnection(state, text) {
  setAttribute(connection, "data-connection", state);
  setText(connection, text);
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function untilVisible() {
  if (!document.hidden) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const onChange = () => {
      if (!document.hidden) {
        document.removeEventListener("visibilitychange", onChange);
        resolve();
      }
    };
    document.addEventListener("visibilitychange", onChange);
  });
}

await useLoginLink();
refreshRepeatedly();
