/** The part of the page's address after `#`: a room, maybe one of its messages, or an invitation. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { type Place, placeOf } from "./place.ts";

const place = signal(placeOf(location.hash));
addEventListener("hashchange", () => place.value = placeOf(location.hash));

/** The place that the page's address names. */
export const address: ReadonlySignal<Place> = place;

/** The address of a room or of a message, for links. */
export function addressOf(idOrSlug: string, messageId = ""): string {
  const parts = messageId ? [idOrSlug, messageId] : [idOrSlug];
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}
