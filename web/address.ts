/** The part of the page's address after `#`, which names a room, and maybe one of its messages. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { decodeAddress } from "./decode_address.ts";

/** A place that an address names. */
export interface Place {
  /** A room's id or slug; `""` for none. */
  room: string;
  /** A message's id; `""` for none. */
  message: string;
}

const place = signal(read());
addEventListener("hashchange", () => place.value = read());

/** The place that the page's address names. */
export const address: ReadonlySignal<Place> = place;

/** The address of a room or of a message, for links. */
export function addressOf(idOrSlug: string, messageId = ""): string {
  const parts = messageId ? [idOrSlug, messageId] : [idOrSlug];
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

function read(): Place {
  const { hash } = location;
  const [room = "", message = ""] = hash.startsWith("#/") ? hash.slice(2).split("/") : [];
  return { room: decodeAddress(room), message: decodeAddress(message) };
}
