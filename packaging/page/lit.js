// What the page uses of lit.
export { LitElement, html, noChange, nothing, svg } from "lit";
export { live } from "lit/directives/live.js";
export { ref } from "lit/directives/ref.js";
export { repeat } from "lit/directives/repeat.js";
