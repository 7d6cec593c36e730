// The page that a link in a message leads to: what the link is for, and a button that gives its answer. No login.
import { readLink, useLink } from "./api.js";
import { element } from "./dom.js";
import { capitalised, formatExact } from "./format.js";
import { locale, named, t, useLanguage } from "./words.js";

const FINAL = [401, 404, 409];
/** The words of each answer are those of the same answer on the page. */
const WORDS = { undo: "undo", do: "answer.do", leave: "answer.leave", import: "import.import", blocklist: "import.blocklist", leave_import: "import.leave", discard: "discard" };

await useLanguage(navigator.languages);
document.documentElement.lang = locale;
addEventListener("hashchange", () => location.reload());
await showLink(location.hash.slice(1));

/** @param {string} link */
async function showLink(link) {
  try {
    showQuestion(link, await readLink(link));
  } catch (error) {
    show(t("link.void"), note(error.message, "bad"));
  }
}

/** @param {string} link @param {import("./answers.js").LinkView} view */
function showQuestion(link, { purpose, action, name, category, because, endsAt, number }) {
  const status = element("div", { role: "status" });
  const word = WORDS[purpose];
  const button = /** @type {HTMLButtonElement} */ (element("button", { type: "button", class: "strong", click: () => answer(link, button, status) }, t(word)));
  show(
    t(`${word}.title`, { name, category, n: number }),
    name ? element("p", {}, element("strong", {}, name), ` (${category})`) : "",
    element("p", {}, action ? `${named("action", action)}: ${because}.` : `${capitalised(because)}.`),
    element("p", {}, t(`${word}.text`, { name })),
    element("p", { class: "muted" }, t("link.until", { time: formatExact(endsAt, locale) })),
    status,
    button,
  );
}

/** @param {string} link @param {HTMLButtonElement} button @param {HTMLElement} status */
async function answer(link, button, status) {
  button.disabled = true;
  try {
    const { message } = await useLink(link);
    status.replaceChildren(note(`${capitalised(message)}.`, "good"));
    button.remove();
    history.replaceState(null, "", location.pathname); // it is of no more use
  } catch (error) {
    status.replaceChildren(note(error.message, "bad"));
    if (!FINAL.includes(error.status)) {
      button.disabled = false;
    }
  }
}

function note(text, kind) {
  return element("p", { class: "note", "data-kind": kind, role: kind === "bad" ? "alert" : null }, text);
}

function show(title, ...content) {
  document.title = `${title} · qbitrr`;
  const page = element("a", { href: "../ui" }, t("link.page"));
  document.querySelector("main > .panel")?.replaceChildren(element("h1", {}, title), ...content, element("p", {}, page));
}
