// The dialog of the page. Escape or a click outside of it closes it.
import { element } from "./dom.js";

const dialog = document.getElementById("dialog");

dialog.addEventListener("click", (event) => {
  if (event.target === dialog) {
    dialog.close();
  }
});

export function showDialog(title, ...content) {
  const close = element("button", { type: "button", class: "plain", click: () => dialog.close() }, "Close");
  const heading = element("h2", { id: "dialog-title" }, title);
  dialog.replaceChildren(element("div", { class: "sheet" }, element("header", {}, heading, close), ...content));
  if (!dialog.open) {
    dialog.showModal();
  }
}

// Resolves to whether the user agreed.
export function confirm(title, text, agreeLabel) {
  return new Promise((resolve) => {
    let agreed = false;
    const agree = () => {
      agreed = true;
      dialog.close();
    };
    dialog.addEventListener("close", () => resolve(agreed), { once: true });
    showDialog(
      title,
      element("p", {}, text),
      element("p", { class: "buttons" }, element("button", { type: "button", class: "strong", click: agree }, agreeLabel)),
    );
  });
}
