/** Caches the pages and their files for when the server cannot be reached. */

const PAGES = ["/", "/try"];
const FILES = "/assets/";
/** The name of the cache. */
const COPIES = "pages";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (origin !== location.origin || event.request.method !== "GET") return;
  if (PAGES.includes(pathname) || pathname.startsWith(FILES)) {
    event.respondWith(load(event));
  }
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data.address));
});

/** The page in front, at an address of its own. */
async function show(address) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find(({ url }) => new URL(url).pathname === "/");
  if (!page) return void await self.clients.openWindow(`/${address}`);
  await page.focus();
  page.postMessage({ address });
}

/** The server's file if it can be reached: a copy may be of an older release. */
async function load(event) {
  const { request } = event;
  try {
    const response = await fetch(request);
    if (response.ok) event.waitUntil(keep(request, response.clone()));
    return response;
  } catch (error) {
    const copies = await caches.open(COPIES);
    // The files do not differ by origin, although they vary by it for shared caches.
    const copy = await copies.match(request, { ignoreVary: true });
    if (copy) return copy;
    throw error;
  }
}

/** A disk that is full costs the copy, not the answer. */
async function keep(request, response) {
  try {
    const copies = await caches.open(COPIES);
    await copies.put(request, response);
  } catch {
    // The next answer is kept, if there is room then.
  }
}
