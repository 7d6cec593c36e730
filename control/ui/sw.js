// Replaces the service worker that another program may have left at this address, and unregisters itself.
self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  event.waitUntil(unregister());
});

async function unregister() {
  for (const name of await caches.keys()) {
    await caches.delete(name);
  }
  await self.registration.unregister();
  for (const page of await self.clients.matchAll({ type: "window" })) {
    page.navigate(page.url);
  }
}
