/** The list of rooms: the user's own with what is unread, all others, and a form to create one. */
import { type Signal, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import type { RoomSummary } from "../../src/client/mod.ts";
import { address, addressOf } from "../address.ts";
import type { Chat } from "../chat.ts";
import { signalOf } from "../observed.ts";
import { searchRooms } from "../room_search.ts";
import { Form } from "./form.ts";

/** From so many rooms on they can be filtered. */
const MANY = 8;

export function RoomList({ chat }: { chat: Chat }) {
  const rooms = chat.rooms.value ?? [];
  const own = rooms.filter(({ isMember }) => isMember);
  const others = rooms.filter(({ isMember }) => !isMember);
  const filter = useSignal("");
  const isFiltered = rooms.length >= MANY && filter.value.trim() !== "";
  const found = isFiltered ? searchRooms(rooms, filter.value) : [];
  useSteps(isFiltered ? found : [...own, ...others]);
  const create = async ({ name }: Record<string, string>) => {
    const room = await chat.client.api.createRoom({ name: name! });
    chat.addRoom(room);
    location.hash = addressOf(room.slug);
  };
  return html`
    <nav id="sidebar" aria-label="Rooms">
      ${rooms.length >= MANY && html`<${Filter} filter=${filter} first=${found[0]} />`}
      <div class="scroll">
        ${isFiltered
          ? html`<${Rooms} id="found" title="Rooms found" rooms=${found} chat=${chat} />`
          : html`
            <${Rooms} id="own" title="Your rooms" rooms=${own} chat=${chat} />
            <${Rooms} id="other" title="Other rooms" rooms=${others} chat=${chat} />
          `}
        <p class="dialog-note" role="status">
          ${isFiltered && found.length === 0 && "No room has such a name."}
        </p>
      </div>
      <${Form} id="new-room-form" action="Create" onSubmit=${create}>
        <label>New room <input name="name" autocomplete="off" required /></label>
        <//>
        </nav>
  `;
}

/** Enter goes to the first room found, Escape shows all again. */
function Filter({ filter, first }: { filter: Signal<string>; first: RoomSummary | undefined }) {
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter" && first && !event.isComposing) location.hash = addressOf(first.slug);
    if (event.key === "Escape" || event.key === "Enter") filter.value = "";
  };
  return html`
    <input type="search" class="filter" aria-label="Filter rooms" placeholder="Filter rooms"
      value=${filter.value} onKeyDown=${press}
      onInput=${({ currentTarget }: Event) => {
        filter.value = (currentTarget as HTMLInputElement).value;
      }} />
  `;
}

interface RoomsProps {
  id: string;
  title: string;
  rooms: readonly RoomSummary[];
  chat: Chat;
}

function Rooms({ id, title, rooms, chat }: RoomsProps) {
  const shown = chat.open.value?.room;
  const shownId = shown && (signalOf(shown.info).value?.id ?? shown.name);
  if (rooms.length === 0) return null;
  return html`
    <h2 id="${id}-title">${title}</h2>
    <ul id="${id}-rooms" class="rooms" aria-labelledby="${id}-title">
      ${rooms.map((room) =>
        html`
          <li key=${room.id}>
            <${RoomLink} room=${room} isShown=${room.id === shownId} />
          </li>
        `
      )}
    </ul>
  `;
}

function RoomLink({ room: { name, slug, unread, mentions }, isShown }: {
  room: RoomSummary;
  isShown: boolean;
}) {
  const isUnread = unread > 0 && !isShown;
  const count = unread > 99 ? "99+" : String(unread);
  const mentioned = mentions > 0 ? `, ${mentions} for you` : "";
  return html`
    <a href=${addressOf(slug)} aria-current=${isShown ? "page" : null}
      aria-label=${isUnread ? `${name}, ${count} unread${mentioned}` : null}>
      <span>${name}</span>
      ${isUnread &&
        html`<em class=${mentions > 0 ? "mention" : ""}>${mentions > 0 && "@"}${count}</em>`}
    </a>
  `;
}

/** Alt with an arrow goes to the room above or below. */
function useSteps(rooms: readonly RoomSummary[]): void {
  useEffect(() => {
    const step = (event: KeyboardEvent) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!step || !event.altKey || rooms.length === 0) return;
      event.preventDefault();
      const name = address.value.room;
      const place = rooms.findIndex(({ slug, id }) => slug === name || id === name);
      const next = (place + step + rooms.length) % rooms.length;
      location.hash = addressOf(rooms[place < 0 ? 0 : next]!.slug);
    };
    addEventListener("keydown", step);
    return () => removeEventListener("keydown", step);
  });
}
