// Keys: / searches, g and a letter goes to a view, arrows move in lists, ? lists the keys. Under a dialog they do nothing.

const GOES_TO = { o: "overview", a: "activity", t: "torrents", l: "libraries", p: "plan", g: "logs", c: "config", i: "about" };
const SECOND_KEY_MS = 1500;

/** @param {(view: string) => void} goTo @param {() => void} help */
export function onShortcuts(goTo, help) {
  let waitsUntil = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (document.querySelector("dialog:modal")) {
      waitsUntil = 0; // nothing changes behind what asks
      return;
    }
    const { key } = event;
    if (key === "ArrowDown" && isSearching(event.target) && focusFirstRow()) {
      event.preventDefault();
    }
    if (isTyping(event.target)) {
      return;
    }
    if (performance.now() < waitsUntil && key in GOES_TO) {
      waitsUntil = 0;
      event.preventDefault();
      goTo(GOES_TO[key]);
    } else if (key === "g") {
      waitsUntil = performance.now() + SECOND_KEY_MS;
    } else if (key === "/") {
      const field = /** @type {HTMLElement | null} */ (document.querySelector("main input[type=search]"));
      if (field) {
        event.preventDefault();
        field.focus();
      }
    } else if (key === "?") {
      help();
    } else if (key === "ArrowDown" || key === "ArrowUp") {
      if (moveInList(event.target, key === "ArrowDown" ? 1 : -1)) {
        event.preventDefault();
      }
    } else if (key === "Enter" && event.target instanceof HTMLLIElement && event.target.matches("[data-row]")) {
      event.preventDefault(); // a dialog that it opens has the focus on a button
      /** @type {HTMLElement | null} */ (event.target.querySelector("a, button.link"))?.click(); // a row that is itself nothing to press
    }
  });
}

/** Moves the focus to the next or previous row of the list that has it, down from nowhere to the first row. */
function moveInList(target, step) {
  const list = target instanceof Element ? target.closest("[data-rows]") : null;
  if (!list) {
    return target === document.body && step > 0 && focusFirstRow();
  }
  const rows = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[data-row]")]);
  const at = rows.findIndex((row) => row === target || row.contains(target));
  const next = rows[at + step];
  next?.focus();
  return Boolean(next);
}

/** Returns whether there is a list whose first row has the focus now. */
function focusFirstRow() {
  const row = /** @type {HTMLElement | null} */ (document.querySelector("main [data-rows] [data-row]"));
  row?.focus();
  return Boolean(row);
}

const isSearching = (target) => target instanceof HTMLInputElement && target.type === "search";

function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
