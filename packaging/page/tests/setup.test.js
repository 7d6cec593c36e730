import assert from "node:assert/strict";
import { test } from "node:test";
import * as setup from "../../../control/ui/setup.js";

test("an address of qBittorrent becomes host and port", () => {
  assert.deepEqual(setup.hostAndPort("http://nas:8080"), { Host: "nas", Port: 8080 });
  assert.deepEqual(setup.hostAndPort("nas:8080/"), { Host: "nas", Port: 8080 });
  assert.deepEqual(setup.hostAndPort("https://nas.lan/qbittorrent"), { Host: "https://nas.lan/qbittorrent" });
  assert.deepEqual(setup.hostAndPort(" 192.168.1.2 "), { Host: "192.168.1.2" });
});

test("a section has its kind before the name", () => {
  assert.equal(setup.sectionOf({ kind: "radarr", name: "4K movies." }), "Radarr-4K-movies-");
  assert.equal(setup.sectionOf({ kind: "sonarr", name: " " }), "Sonarr");
});

test("categories come from the clients that are qBittorrent, enabled ones first", () => {
  const clients = [
    { category: "old", implementation: "QBittorrent", enabled: false },
    { category: "usenet", implementation: "Sabnzbd", enabled: true },
    { category: "movies", implementation: "QBittorrent", enabled: true },
    { category: "movies", implementation: "QBittorrent", enabled: true },
  ];
  assert.deepEqual(setup.categoriesOf(clients), ["movies", "old"]);
});

test("the examples of the first configuration are dropped, apart from those that are used", () => {
  const dropped = setup.examples(["qBit.Host", "Radarr-4K.URI", "Radarr-4K.APIKey", "Sonarr-TV.URI"]);
  assert.deepEqual(dropped, ["Radarr-4K", "Sonarr-TV"]);
  const made = setup.change({
    client: { uri: "nas:8080", username: "me", password: "p" }, folder: "/downloads", shadow: true, dropped,
    services: [{ kind: "radarr", name: "4K", uri: "http://r", apiKey: "k", category: "films" }],
  });
  assert.deepEqual(made, {
    changes: {
      Settings: { Shadow: true, CompletedDownloadFolder: "/downloads" },
      qBit: { Host: "nas", Port: 8080, UserName: "me", Password: "p" },
      "Radarr-4K": { Managed: true, URI: "http://r", APIKey: "k", Category: "films" },
    },
    deletions: ["Sonarr-TV"],
  });
});

test("nothing that is secret is kept of what was filled in", () => {
  const client = { uri: "http://me:word@nas", username: "me", password: "word" };
  const service = { kind: "radarr", name: "4K", uri: "http://r", apiKey: "key", category: "films" };
  assert.deepEqual(setup.withoutSecrets({ client, services: [service], folder: "/downloads", shadow: true }), {
    client: { uri: "", username: "me", password: "" },
    services: [{ ...service, apiKey: "" }],
    folder: "/downloads",
    shadow: true,
  });
});
