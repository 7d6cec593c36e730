// Opening a torrent from a list: the address names it, and the list its name.
import { setParams } from "./router.js";

let opened = { hash: "", name: "" };

/** Shows all that is known of a torrent, which is then in the address. @param {string} hash @param {string} name */
export function explain(hash, name) {
  opened = { hash, name };
  setParams({ torrent: hash }, false);
}

/** The name of a torrent that was just opened from a list, null of one that the address named; once. @param {string} hash */
export function nameInList(hash) {
  const name = opened.hash === hash ? opened.name : null;
  opened = { hash: "", name: "" };
  return name;
}
