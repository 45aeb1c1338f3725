/** The part of the page's address after `#`, which names a section, and maybe a room. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { decodeAddress } from "../decode_address.ts";

/** The sections, by their part of the address, with their titles. */
export const TITLES = {
  reports: "Reports",
  audit: "Audit log",
  users: "Users",
  rooms: "Rooms",
  instances: "Instances",
} as const;

export type Section = keyof typeof TITLES;

/** A place that an address names. */
export interface Place {
  section: Section;
  /** The id or slug of the room that alone is shown; `""` for all. */
  room: string;
}

const shown = signal(read());
addEventListener("hashchange", () => shown.value = read());

/** The place that the page's address names. */
export const place: ReadonlySignal<Place> = shown;

/** The address of a section, for links. */
export function addressOf(section: Section, room = ""): string {
  return `#/${room ? `${section}/${encodeURIComponent(room)}` : section}`;
}

function read(): Place {
  const [, section = "", room = ""] = location.hash.split("/");
  const isKnown = Object.hasOwn(TITLES, section);
  return { section: isKnown ? section as Section : "reports", room: decodeAddress(room) };
}
