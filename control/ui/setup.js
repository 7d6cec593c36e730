// From what is filled in at the first run to a change of the configuration. Pure.
import { hasLogin } from "./secrets.js";

/** @typedef {{uri: string, username: string, password: string}} Client */
/** @typedef {{kind: string, name: string, uri: string, apiKey: string, category: string}} Service */

/** What of a section that was written as an example still has to be filled in. @param {string[]} incomplete dotted keys @returns {string[]} sections */
export function examples(incomplete) {
  return [...new Set(incomplete.map((key) => key.split(".")[0]))].filter((section) => /^(radarr|sonarr|lidarr)/i.test(section));
}

/** Parts of an address for the keys Host and Port of a qBittorrent; a scheme or a path stay with the host. @param {string} uri */
export function hostAndPort(uri) {
  const found = /^(https?:\/\/)?([^/:]+)(?::(\d+))?(\/.*)?$/.exec(uri.trim());
  if (!found) {
    return { Host: uri.trim() };
  }
  const [, scheme = "", host, port, path = ""] = found;
  const bare = (scheme === "http://" || !scheme) && path.replace("/", "") === "";
  return { Host: bare ? host : `${scheme}${host}${path === "/" ? "" : path}`, ...(port ? { Port: Number(port) } : {}) };
}

/** The section of a service, with its kind before the name. @param {Service} service */
export function sectionOf({ kind, name }) {
  const title = kind.charAt(0).toUpperCase() + kind.slice(1);
  return name.trim() ? `${title}-${name.trim().replace(/[.\s[\]]+/g, "-")}` : title;
}

/** The categories of an Arr's downloads in qBittorrent, the enabled clients first. @param {{category: string, implementation: string, enabled: boolean}[]} clients */
export function categoriesOf(clients) {
  const ours = clients.filter(({ category, implementation }) => category && implementation.toLowerCase() === "qbittorrent");
  return [...new Set([...ours.filter(({ enabled }) => enabled), ...ours].map(({ category }) => category))];
}

/** What was filled in as far as it may be kept outside of the page. @param {{client: Client, services: Service[], folder: string, shadow: boolean}} filled */
export function withoutSecrets(filled) {
  const address = ({ uri }) => (hasLogin(uri) ? "" : uri);
  const client = { ...filled.client, uri: address(filled.client), password: "" };
  const services = filled.services.map((service) => ({ ...service, uri: address(service), apiKey: "" }));
  return { ...filled, client, services };
}

/** The whole change. @param {{client: Client, services: Service[], folder: string, shadow: boolean, dropped: string[]}} filled */
export function change({ client, services, folder, shadow, dropped }) {
  const tables = Object.fromEntries(
    services.map((service) => [sectionOf(service), { Managed: true, URI: service.uri, APIKey: service.apiKey, Category: service.category }]),
  );
  const qBit = { ...hostAndPort(client.uri), UserName: client.username, Password: client.password };
  return {
    changes: { Settings: { Shadow: shadow, CompletedDownloadFolder: folder }, qBit, ...tables },
    deletions: dropped.filter((section) => !(section in tables)),
  };
}
