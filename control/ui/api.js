// Calls of the daemon. Their address is derived from that of this file, so that the prefix of a reverse proxy is kept.
import { given } from "./urlstate.js";
import { t } from "./words.js";

const ROOT = new URL(import.meta.url.replace(/ui\/(v-[0-9a-f]+\/)?api\.js(\?.*)?$/, ""));
const BASE = new URL("web/", ROOT);
const TIMEOUT_MS = 15_000;

/** An answer that is an error, or none, which has status 0. `details` are those of its envelope. */
export class ApiError extends Error {
  /** @param {number} status @param {string} text @param {Record<string, any>} details */
  constructor(status, text, details = {}) {
    super(text);
    this.status = status;
    this.details = details;
  }
}

/** The address of a path below `/web`, for streams and downloads. @param {string} path */
export const addressOf = (path, params = {}) => {
  const query = new URLSearchParams(given(params)).toString();
  return new URL(query ? `${path}?${query}` : path, BASE).href;
};

/** Whether the page at this address is the one that runs. */
export async function isCurrent() {
  const version = import.meta.url.match(/v-[0-9a-f]+/)?.[0];
  if (!version) {
    return true;
  }
  const response = await fetch(new URL("ui", ROOT), { cache: "no-cache", signal: AbortSignal.timeout(TIMEOUT_MS) });
  return !response.ok || (await response.text()).includes(version);
}

/** @param {string} path @returns {Promise<any>} */
export const read = (path, params = {}, signal = /** @type {AbortSignal | undefined} */ (undefined)) => request("GET", addressOf(path, params), undefined, {}, signal);

/** @param {string} path @returns {Promise<any>} */
export const write = (path, body = {}, headers = {}) => request("POST", addressOf(path), body, headers);

/** Reads JSON along with its entity tag. @param {string} path @returns {Promise<{answer: any, tag: string}>} */
export async function readTagged(path) {
  const response = await send("GET", addressOf(path));
  return { answer: await response.json(), tag: response.headers.get("ETag") ?? "" };
}

/** What a browser needs to know before it can read anything. @returns {Promise<import("./answers.js").LoginMethods>} */
export const loginMethods = () => request("GET", new URL("login", ROOT).href);

/** @returns {Promise<import("./answers.js").Health>} */
export const health = () => request("GET", new URL("health", ROOT).href);

/** Sets the cookie of a login, with a link, a token, or a name and password. */
export const logIn = (proof) => request("POST", new URL("login", ROOT).href, proof);

/** What a link in a message is for. @param {string} link @returns {Promise<import("./answers.js").LinkView>} */
export const readLink = (link) => request("POST", new URL("answer/read", ROOT).href, { link });

/** Gives the answer of a link in a message. @param {string} link @returns {Promise<import("./answers.js").Message>} */
export const useLink = (link) => request("POST", new URL("answer", ROOT).href, { link });

export const logOut = () => request("POST", new URL("logout", ROOT).href, {});

/** Where the login at a provider starts, below the same prefix. @param {string} path */
export const besidePage = (path) => new URL(path, ROOT).href;

/** @param {any} [body] @param {AbortSignal} [signal] */
async function request(method, address, body, headers = {}, signal) {
  const response = await send(method, address, body, headers, signal);
  return response.json().catch(() => {
    throw new ApiError(response.status, `unexpected answer (${response.status})`);
  });
}

/** @param {any} [body] @param {AbortSignal} [signal] @returns {Promise<Response>} */
async function send(method, address, body, headers = {}, signal) {
  const deadline = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(address, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
    cache: "no-store",
    credentials: "same-origin",
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
  }).catch((error) => {
    throw error.name === "AbortError" ? error : new ApiError(0, t("live.no.answer"));
  });
  if (!response.ok) {
    const envelope = await response.json().catch(() => ({}));
    throw new ApiError(response.status, envelope.error ?? `unexpected answer (${response.status})`, envelope.details);
  }
  return response;
}
