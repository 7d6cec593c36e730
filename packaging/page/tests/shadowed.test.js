import assert from "node:assert/strict";
import { test } from "node:test";

import { shadowed } from "../../../control/ui/shadowed.js";

test("sections whose Shadow is on are found", () => {
  const document = { Settings: { Shadow: false }, "Radarr-4K": { Shadow: true }, "Radarr-HD": {}, "Sonarr-TV": { Shadow: "true" } };
  assert.deepEqual(shadowed(document), ["Radarr-4K", "Sonarr-TV"]);
});
