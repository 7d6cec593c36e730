// The present view and its state, which are the address of the page.
import { formatRoute, parseRoute } from "./urlstate.js";

export const currentRoute = () => parseRoute(location.hash);

/** Goes to a view; `replace` leaves no step to go back to. */
export function go(view, path = /** @type {string[]} */ ([]), params = {}, replace = false) {
  const hash = formatRoute(view, path, params);
  if (hash === location.hash) {
    return;
  }
  if (replace) {
    history.replaceState(null, "", hash);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = hash;
  }
}

/** Changes parameters of the present view. */
export function setParams(changes, replace = true) {
  const { view, path, params } = currentRoute();
  go(view, path, { ...params, ...changes }, replace);
}
