/** The room that alone is shown, and what shows all of them again; or else a search for one. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useMemo } from "preact/hooks";
import { Combobox } from "../components/combobox.ts";
import type { Desk } from "./desk.ts";
import { Filter } from "./filter.ts";
import { addressOf, type Section } from "./place.ts";
import { RoomChoices } from "./room_choices.ts";

interface RoomFilterProps {
  desk: Desk;
  section: Section;
  /** Its id or slug; `""` for all. */
  room: string;
}

export function RoomFilter({ desk, section, room }: RoomFilterProps) {
  return html`
    <${Filter} chosen=${room}>
      ${room
        ? html`
          <span>Only of <b>${desk.rooms.of(room)?.room.name ?? room}</b></span>
          <a href=${addressOf(section)}>All rooms</a>
        `
        : html`<${RoomSearch} desk=${desk} section=${section} />`}
    <//>
  `;
}

function RoomSearch({ desk, section }: Omit<RoomFilterProps, "room">) {
  const rooms = useMemo(() => new RoomChoices(desk.client.api), [desk]);
  const query = useSignal("");
  const choices = rooms.find(query.value).map(({ id, name }) => ({
    key: id,
    content: html`<span>${name}</span>`,
    pick: () => void (location.hash = addressOf(section, id)),
  }));
  const search = (text: string) => {
    query.value = text;
    if (text.trim()) rooms.load().catch(desk.notice.sayError);
  };
  return html`
    <${Combobox} name="room" label="Room" placeholder="All rooms" listLabel="Rooms"
      choices=${choices} note="" onSearch=${search} />
  `;
}
