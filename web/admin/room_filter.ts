/** The room that alone is shown, and what shows all of them again. */
import { html } from "htm/preact";
import type { Desk } from "./desk.ts";
import { addressOf, type Section } from "./place.ts";

export function RoomFilter({ desk, section, room }: {
  desk: Desk;
  section: Section;
  /** Its id or slug; `""` for all. */
  room: string;
}) {
  if (!room) return null;
  const known = desk.rooms.of(room);
  return html`
    <p class="room-filter">
      <span>Only of <b>${known?.room.name ?? room}</b></span>
      <a href=${addressOf(section)}>All rooms</a>
    </p>
  `;
}
