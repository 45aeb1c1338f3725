/** Makes the page open without its server, too. */

/** Does nothing where browsers have no service workers, as on http from other machines. */
export async function keepForOffline(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const passedWorker = navigator.serviceWorker.controller !== null;
  await navigator.serviceWorker.register("/assets/web/service_worker.js", { scope: "/" });
  if (passedWorker) return;
  // What was loaded before there was a worker did not pass it.
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const copies = await caches.open("pages");
  const own = loaded.filter((url) => url.startsWith(`${location.origin}/assets/`));
  // It refuses what is named twice, as a picture is that two elements show.
  await copies.addAll([...new Set(["/", ...own])]);
}
