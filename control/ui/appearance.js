// How the page looks, and whether it refreshes its lists: keys of [WebUI] in config.toml.
import { read } from "./api.js";
import { setAttribute } from "./dom.js";

let isLive = true;

// Resolves to whether lists are to be refreshed.
export async function refreshAppearance() {
  const keys = await webuiKeys();
  if (keys) {
    setAttribute(document.documentElement, "data-theme", String(keys.Theme ?? "Dark").toLowerCase());
    setAttribute(document.documentElement, "data-density", String(keys.ViewDensity ?? "Comfortable").toLowerCase());
    isLive = keys.LiveArr ?? true;
  }
  return isLive;
}

async function webuiKeys() {
  try {
    return (await read("config")).WebUI ?? {};
  } catch (error) {
    if (error.status === 401) {
      throw error;
    }
    return null; // the file is being edited, or is wrong: the page stays as it is
  }
}
