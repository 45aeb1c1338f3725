/** Makes the page open without its server. */

/** Does nothing in browsers without service workers, such as over http from other machines. */
export async function keepForOffline(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const hadWorker = navigator.serviceWorker.controller !== null;
  await navigator.serviceWorker.register("/assets/web/service_worker.js", { scope: "/" });
  if (hadWorker) return;
  // Files that were loaded before the worker existed are not in its cache yet.
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const copies = await caches.open("pages");
  const own = loaded.filter((url) => url.startsWith(`${location.origin}/assets/`));
  // `addAll` refuses duplicates, such as an image that two elements show.
  await copies.addAll([...new Set(["/", ...own])]);
}
