// What the user should know or do, above everything else on the page.
import { read, useToken } from "./api.js";
import { element } from "./dom.js";

const SHOWN_MS = 6000;

const container = document.getElementById("notices");
let setup = null;
let setupMadeFrom = "";

// Shows a sentence for a few seconds.
export function notify(text, kind = "good") {
  const node = element("p", { class: "notice", role: "status", "data-kind": kind }, text);
  container.append(node);
  setTimeout(() => node.remove(), SHOWN_MS);
}

// Shows what the configuration still lacks; nothing when it is complete.
export async function refreshSetup() {
  const { ready, arrs, incomplete } = await read("status");
  const madeFrom = JSON.stringify([ready, arrs.length, incomplete]);
  if (madeFrom !== setupMadeFrom) {
    setupMadeFrom = madeFrom;
    setup?.remove();
    setup = ready ? setupNotice(arrs, incomplete) : null;
    if (setup) {
      container.prepend(setup);
    }
  }
}

function setupNotice(arrs, incomplete) {
  if (arrs.length && !incomplete.length) {
    return null;
  }
  const title = arrs.length ? "Some of the configuration is not filled in" : "No Arr is configured yet";
  const what = incomplete.length
    ? "Fill in these keys of config.toml and restart qbitrr:"
    : "Add a section such as [Radarr-Movies] to config.toml, with its URI and APIKey, and restart qbitrr.";
  return element(
    "section",
    { class: "notice setup", "aria-label": title },
    element("h2", {}, title),
    element("p", {}, what),
    incomplete.length ? element("dl", {}, ...incomplete.map(missingKeyView)) : null,
  );
}

function missingKeyView({ key, needed }) {
  return element("div", {}, element("dt", {}, element("code", {}, key)), element("dd", {}, needed));
}

// Resolves when a token was entered. `rejected`: the last one was not accepted.
export function askForToken(rejected) {
  const text = rejected
    ? "This is not the token. It is WebUI.Token in config.toml."
    : "qbitrr needs its token here (WebUI.Token in config.toml).";
  return new Promise((resolve) => {
    const input = element("input", { id: "token", type: "password", autocomplete: "current-password", required: true });
    const onSubmit = (event) => {
      event.preventDefault();
      useToken(input.value);
      form.remove();
      resolve();
    };
    const form = element(
      "form",
      { class: "notice", submit: onSubmit },
      element("label", { for: "token" }, text),
      input,
      element("button", { class: "strong" }, "Enter"),
    );
    container.prepend(form);
    input.focus();
  });
}
