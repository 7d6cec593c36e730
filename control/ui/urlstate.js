// The address of a view: #/torrents/nas/abc?rule=stalled&q=linux. Pure.

/** @typedef {{view: string, path: string[], params: Record<string, string>}} Route */

export const FIRST_VIEW = "overview";

/** Reads the part of an address after the `#`. @param {string} hash @returns {Route} */
export function parseRoute(hash) {
  const text = hash.replace(/^#/, "");
  if (!text.startsWith("/")) {
    return { view: FIRST_VIEW, path: [], params: {} };
  }
  const [path, query = ""] = text.slice(1).split(/\?(.*)/s);
  const [view, ...rest] = path.split("/").map(decode);
  const params = Object.fromEntries(new URLSearchParams(query));
  return { view: view || FIRST_VIEW, path: rest.filter(Boolean), params };
}

/** Takes a route apart: that of the view, and the hash of the torrent that is open above it, empty for none.
 * @param {Route} route @returns {{below: Route, torrent: string}} */
export function withoutTorrent({ view, path, params }) {
  const { torrent = "", ...others } = params;
  return { below: { view, path, params: others }, torrent };
}

/** Whether two routes are the same. @param {Route} one @param {Route} other */
export const isSame = (one, other) => formatRoute(one.view, one.path, one.params) === formatRoute(other.view, other.path, other.params);

/** Writes an address; parameters that are empty are left out. @param {string} view */
export function formatRoute(view, path = /** @type {string[]} */ ([]), params = {}) {
  const query = new URLSearchParams(given(params)).toString();
  const where = [view, ...path].map(encodeURIComponent).join("/");
  return `#/${where}${query ? `?${query}` : ""}`;
}

/** The parameters that are not empty, as texts. @returns {Record<string, string>} */
export function given(params) {
  const entries = Object.entries(params).filter(([, value]) => value !== "" && value !== null && value !== undefined && value !== false);
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // typed by hand
  }
}
