// Taking a removal back.
import { write } from "../api.js";
import { t } from "../words.js";
import { confirmed } from "./dialog.js";
import { attempt } from "./toasts.js";

/** Takes a removal back, after a question. */
export async function undo({ id, name }) {
  if (await confirmed(t("undo.title"), t("undo.text", { name }), t("undo"))) {
    await attempt(() => write(`actions/${id}/undo`));
  }
}
