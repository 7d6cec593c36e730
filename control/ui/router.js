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

/** A listener for what is typed: a parameter changes a moment after the last input, unless something else is shown by then.
 * `others` change with it. @param {string} name */
export function typedParam(name, others = {}, milliseconds = 250) {
  let timer = 0;
  return ({ target }) => {
    const before = currentRoute();
    clearTimeout(timer);
    timer = setTimeout(() => {
      const present = currentRoute();
      if (formatRoute(present.view, present.path) === formatRoute(before.view, before.path)) {
        setParams({ [name]: target.value, ...others });
      } else {
        target.value = (present.view === before.view ? present : before).params[name] ?? "";
      }
    }, milliseconds);
  };
}
