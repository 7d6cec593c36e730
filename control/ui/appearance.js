// How the page looks, and whether its lists follow what changes: keys of [WebUI] in config.toml.
import { read } from "./api.js";

let refreshes = true;

/** Whether a list is read again by itself. One that could not be read is in any case. @param {{error: string}} list */
export const followsChanges = ({ error }) => refreshes || error !== "";

export async function useAppearance() {
  const keys = (await read("config").catch(() => null))?.WebUI;
  if (!keys) {
    return; // a login is needed, or the file is being edited: the page stays as it is
  }
  const root = document.documentElement;
  root.dataset.theme = String(keys.Theme ?? "System").toLowerCase();
  root.dataset.density = String(keys.ViewDensity ?? "Comfortable").toLowerCase();
  refreshes = keys.LiveArr ?? true;
}
