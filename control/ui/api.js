// Asking the daemon. The address is taken from this file's own, so that any prefix of a reverse proxy stays.
const BASE = new URL("../web/", import.meta.url);
const LONGEST_MS = 10_000;
const TOKEN = "qbitrr-token";

export class Problem extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export const read = (path) => request("GET", path);
export const write = (path) => request("POST", path);

// Kept for this tab only.
export function useToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

async function request(method, path) {
  const token = sessionStorage.getItem(TOKEN);
  const response = await fetch(new URL(path, BASE), {
    method,
    headers: token ? { Authorization: `Bearer ${encodeToken(token)}` } : {},
    cache: "no-store",
    credentials: "same-origin",
    signal: AbortSignal.timeout(LONGEST_MS),
  });
  const body = await response.json().catch(() => null);
  if (!response.ok || body === null) {
    throw new Problem(response.status, body?.error ?? `unexpected answer (${response.status})`);
  }
  return body;
}

// A header holds bytes; fetch takes each character for one.
function encodeToken(token) {
  return String.fromCharCode(...new TextEncoder().encode(token));
}
