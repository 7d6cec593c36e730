// What the person should know or do: above everything else.
import { read, useToken } from "./api.js";
import { element } from "./dom.js";

const TOLD_MS = 6000;

const place = document.getElementById("notices");
let setup = null;
let shown = "";

// A sentence that goes by itself.
export function tell(text, kind = "good") {
  const node = element("p", { class: "notice", role: "status", "data-kind": kind }, text);
  place.append(node);
  setTimeout(() => node.remove(), TOLD_MS);
}

// What the configuration still lacks; nothing when it is whole.
export async function refreshSetup() {
  const { ready, arrs, incomplete } = await read("status");
  const wanted = JSON.stringify([ready, arrs.length, incomplete]);
  if (wanted !== shown) {
    shown = wanted;
    setup?.remove();
    setup = ready ? setupNotice(arrs, incomplete) : null;
    if (setup) {
      place.prepend(setup);
    }
  }
}

function setupNotice(arrs, incomplete) {
  if (arrs.length && !incomplete.length) {
    return null;
  }
  const title = arrs.length ? "Some of the configuration is not filled in" : "Nothing to look after yet";
  const what = incomplete.length
    ? "Fill in these keys of config.toml and restart qbitrr:"
    : "Add a section such as [Radarr-Movies] to config.toml, with its URI and APIKey, and restart qbitrr.";
  return element(
    "section",
    { class: "notice setup", "aria-label": title },
    element("h2", {}, title),
    element("p", {}, what),
    incomplete.length ? element("dl", {}, ...incomplete.map(keyToFillIn)) : null,
  );
}

function keyToFillIn({ key, needed }) {
  return element("div", {}, element("dt", {}, element("code", {}, key)), element("dd", {}, needed));
}

// Resolves once a token was entered. `again`: the last one was not accepted.
export function askForToken(again) {
  const text = again
    ? "This is not the token. It is WebUI.Token in config.toml."
    : "From here qbitrr wants its token (WebUI.Token in config.toml).";
  return new Promise((resolve) => {
    const input = element("input", { id: "token", type: "password", autocomplete: "current-password", required: true });
    const enter = (event) => {
      event.preventDefault();
      useToken(input.value);
      form.remove();
      resolve();
    };
    const form = element(
      "form",
      { class: "notice", submit: enter },
      element("label", { for: "token" }, text),
      input,
      element("button", { class: "strong" }, "Enter"),
    );
    place.prepend(form);
    input.focus();
  });
}
