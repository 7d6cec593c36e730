// Calls of the daemon. Their address is derived from that of this file, so that the prefix of a reverse proxy is kept.
const BASE = new URL("../web/", import.meta.url);
const TIMEOUT_MS = 10_000;
const TOKEN_KEY = "qbitrr-token";

export class ApiError extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export const read = (path) => request("GET", path);
export const write = (path) => request("POST", path);

// Sets the cookie of a login, with a link or a token.
export const logIn = (proof) => request("POST", "../login", JSON.stringify(proof));

// Keeps the token for this tab only.
export function useToken(token) {
  sessionStorage.setItem(TOKEN_KEY, token);
}

async function request(method, path, body) {
  const token = sessionStorage.getItem(TOKEN_KEY);
  const response = await fetch(new URL(path, BASE), {
    method,
    body,
    headers: token ? { Authorization: `Bearer ${encodeToken(token)}` } : {},
    cache: "no-store",
    credentials: "same-origin",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer = await response.json().catch(() => null);
  if (!response.ok || answer === null) {
    throw new ApiError(response.status, answer?.error ?? `unexpected answer (${response.status})`);
  }
  return answer;
}

// Encodes a token as UTF-8 for a header: fetch sends each character as one byte.
function encodeToken(token) {
  return String.fromCharCode(...new TextEncoder().encode(token));
}
