/** The list of rooms by their kind, with what is unread, and buttons to begin one. */
import { type Signal, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import type { RoomSummary } from "../../src/client/mod.ts";
import { address, addressOf } from "../address.ts";
import type { Chat } from "../chat.ts";
import { signalOf } from "../observed.ts";
import { searchRooms } from "../rooms/room_search.ts";
import { sectionsOf } from "../rooms/room_sections.ts";
import { Icon } from "./icon.ts";
import { NewMessage } from "./new_message.ts";
import { NewRoom } from "./new_room.ts";
import { RoomLabel } from "./room_label.ts";

/** From so many rooms on they can be filtered. */
const MANY = 8;

export function RoomList({ chat }: { chat: Chat }) {
  const rooms = chat.rooms.value ?? [];
  const filter = useSignal("");
  const isFiltered = rooms.length >= MANY && filter.value.trim() !== "";
  const found = isFiltered ? searchRooms(rooms, filter.value) : [];
  const shownId = useShownId(chat);
  const { own, directs, others, archived } = sectionsOf(rooms, shownId);
  useSteps(isFiltered ? found : [...own, ...directs, ...others]);
  const parts = { chat, shownId };
  return html`
    <nav id="sidebar" aria-label="Rooms">
      ${rooms.length >= MANY && html`<${Filter} filter=${filter} first=${found[0]} />`}
      <div class="scroll">
        ${isFiltered
          ? html`<${Rooms} id="found" title="Rooms found" rooms=${found} ...${parts} />`
          : html`
            <${Rooms} id="own" title="Your rooms" rooms=${own} ...${parts} />
            <div class="section-head">
              <h2 id="direct-title">Direct messages</h2>
              <${NewMessage} chat=${chat} />
            </div>
            <${RoomLinks} id="direct" rooms=${directs} ...${parts} />
            <${Rooms} id="other" title="Other rooms" rooms=${others} ...${parts} />
            ${archived.length > 0 && html`
              <details class="archived-rooms" open=${archived.some(({ id }) => id === shownId)}>
                <summary id="archived-title">Archived</summary>
                <${RoomLinks} id="archived" rooms=${archived} ...${parts} />
              </details>
            `}
          `}
        <p class="dialog-note" role="status">
          ${isFiltered && found.length === 0 && "No room has such a name."}
        </p>
      </div>
      <${NewRoom} chat=${chat} />
    </nav>
  `;
}

/** The id of the room on the screen. */
function useShownId(chat: Chat): string | undefined {
  const shown = chat.open.value?.room;
  return shown && (signalOf(shown.info).value?.id ?? shown.name);
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

interface RoomLinksProps {
  id: string;
  rooms: readonly RoomSummary[];
  chat: Chat;
  shownId: string | undefined;
}

function Rooms({ title, ...links }: RoomLinksProps & { title: string }) {
  if (links.rooms.length === 0) return null;
  return html`
    <h2 id="${links.id}-title">${title}</h2>
    <${RoomLinks} ...${links} />
  `;
}

function RoomLinks({ id, rooms, chat, shownId }: RoomLinksProps) {
  if (rooms.length === 0) return null;
  return html`
    <ul id="${id}-rooms" class="rooms" aria-labelledby="${id}-title">
      ${rooms.map((room) =>
        html`
          <li key=${room.id}>
            <${RoomLink} room=${room} isShown=${room.id === shownId} ownId=${chat.user.value?.id} />
            ${room.type === "direct" && html`
              <button class="quiet hide" type="button" aria-label="Hide ${room.name}"
                title="Hide until there is something new" onClick=${() => chat.hide(room)}>
                <${Icon} name="close" />
              </button>
            `}
          </li>
        `
      )}
    </ul>
  `;
}

function RoomLink({ room, isShown, ownId }: {
  room: RoomSummary;
  isShown: boolean;
  ownId: string | undefined;
}) {
  const { slug, unread, mentions } = room;
  return html`
    <a href=${addressOf(slug)} aria-current=${isShown ? "page" : null}>
      <${RoomLabel} room=${room} ownId=${ownId} />
      ${unread > 0 && !isShown && html`<${UnreadCount} unread=${unread} mentions=${mentions} />`}
    </a>
  `;
}

/** Read aloud as in "Tea 3 unread, 1 for you". */
function UnreadCount({ unread, mentions }: Pick<RoomSummary, "unread" | "mentions">) {
  const isForUser = mentions > 0;
  return html`
    <em class=${isForUser ? "mention" : ""}>
      ${isForUser && html`<span aria-hidden="true">@</span>`}${unread > 99 ? "99+" : unread}
      <span class="unseen"> unread${isForUser && `, ${mentions} for you`}</span>
    </em>
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
