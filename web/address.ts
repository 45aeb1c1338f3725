/** The part of the page's address after `#`: a room or message, an invitation, or a search. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { type Place, placeOf } from "./place.ts";

const place = signal(placeOf(location.hash));
addEventListener("hashchange", () => place.value = placeOf(location.hash));

/** The place that the page's address names. */
export const address: ReadonlySignal<Place> = place;

/** Changes the address without a step in the browser's history. */
export function replaceAddress(hash: string): void {
  history.replaceState(null, "", hash);
  place.value = placeOf(hash);
}

/** The address of a room or of a message, for links. */
export function addressOf(idOrSlug: string, messageId = ""): string {
  const parts = messageId ? [idOrSlug, messageId] : [idOrSlug];
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}
