// Keys: / searches, g and a letter goes to a view, arrows move in lists, ? lists the keys.

const GOES_TO = { o: "overview", a: "activity", t: "torrents", l: "libraries", p: "plan", g: "logs", c: "config", i: "about" };
const SECOND_KEY_MS = 1500;

/** @param {(view: string) => void} goTo @param {() => void} help */
export function onShortcuts(goTo, help) {
  let waitsUntil = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
      return;
    }
    const { key } = event;
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
    }
  });
}

/** Moves the focus to the next or previous row of the list that has it. */
function moveInList(target, step) {
  const list = target instanceof Element ? target.closest("[data-rows]") : null;
  if (!list) {
    return false;
  }
  const rows = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[data-row]")]);
  const at = rows.findIndex((row) => row === target || row.contains(target));
  const next = rows[at + step];
  next?.focus();
  return Boolean(next);
}

function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
