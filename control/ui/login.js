// The link that the first start prints: it logs this browser in, once.
import { logIn } from "./api.js";
import { notify } from "./notices.js";

export async function useLoginLink() {
  const link = new URLSearchParams(location.hash.slice(1)).get("login");
  if (!link) {
    return;
  }
  history.replaceState(null, "", location.pathname + location.search); // it must not stay in the history
  try {
    await logIn({ link });
  } catch {
    notify("The link for the first login is not valid any more; use the token.", "bad");
  }
}
