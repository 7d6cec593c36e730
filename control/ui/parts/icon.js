// Icons as lines in the colour of the text around them.
import { svg, html } from "../vendor/lit.js";

const PATHS = {
  overview: "M3 11.5 12 4l9 7.5M5.5 10v9h13v-9M10 19v-5h4v5",
  activity: "M3 12h4l3 8 4-16 3 8h4",
  torrents: "M12 4v11m0 0-4-4m4 4 4-4M4 19h16",
  libraries: "M5 4h14v16H5zM5 9h14M9.5 4v5M14.5 4v5M9 14h6",
  plan: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zm5 12 4 4M8 11h6M11 8v6",
  logs: "M5 5h14M5 10h14M5 15h9M5 20h6",
  config: "M4 7h9m4 0h3M4 17h3m4 0h9M15 4.5v5M9 14.5v5",
  about: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 8v5m0-8.5v.01",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  close: "M6 6l12 12M18 6 6 18",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zm5 11.5L20 20",
  open: "m9 5 7 7-7 7",
  check: "m5 12.5 4.5 4.5L19 7.5",
  outside: "M14 4h6v6M20 4l-9 9M18 14v5H5V6h5",
  shadow: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  filter: "M4 6h16l-6 7v5l-4 2v-7z",
};

/** @param {string} name */
export const icon = (name) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${svg`<path d=${PATHS[name] ?? ""}></path>`}</svg>`;
