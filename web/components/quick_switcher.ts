/** Goes to a room, or to a person, by a few letters of the name; opens with Ctrl+K. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import type { PublicUser, RoomSummary } from "../../src/client/mod.ts";
import { addressOf } from "../address.ts";
import type { Chat } from "../chat.ts";
import { otherOf } from "../rooms/room_name.ts";
import { searchRooms } from "../rooms/room_search.ts";
import { addressOfSearch } from "../search/terms.ts";
import { type Choice, Combobox } from "./combobox.ts";
import { Dialog } from "./dialog.ts";
import { Icon } from "./icon.ts";
import { PersonChoice, usePeopleSearch } from "./people_picker.ts";
import { RoomLabel } from "./room_label.ts";

const MAX_ROOMS = 12;

export function QuickSwitcher({ chat }: { chat: Chat }) {
  const isOpen = useSignal(false);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isShortcut = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) &&
        !event.shiftKey && !event.altKey;
      if (!isShortcut) return;
      // Browsers would search the web.
      event.preventDefault();
      isOpen.value = !isOpen.value;
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  const close = () => void (isOpen.value = false);
  return html`
    <button class="quiet" id="switch-room" type="button" aria-keyshortcuts="Control+K"
      title="Go to a room or a person (Ctrl+K)" onClick=${() => void (isOpen.value = true)}>
      <${Icon} name="go" /><span>Go to…</span>
    </button>
    ${isOpen.value && html`
      <${Dialog} title="Go to a room or a person" onClose=${close}>
        <${Search} chat=${chat} onPick=${close} />
        <//>
    `}
  `;
}

function Search({ chat, onPick }: { chat: Chat; onPick(): void }) {
  const query = useSignal("");
  const people = usePeopleSearch(chat);
  const rooms = searchRooms(chat.rooms.value ?? [], query.value, MAX_ROOMS);
  const ownId = chat.user.value?.id;
  // Those with whom there is a direct room are among the rooms.
  const shown = new Set(rooms.map((room) => otherOf(room, ownId)?.id));
  const found = people.found.value.filter(({ id }) => !shown.has(id));
  const goTo = ({ slug }: RoomSummary) => {
    location.hash = addressOf(slug);
    onPick();
  };
  const write = (user: PublicUser) => {
    onPick();
    void chat.writeTo(user);
  };
  const choices: Choice[] = [
    ...rooms.map((room) => ({
      key: room.id,
      content: html`
        <${RoomLabel} room=${room} ownId=${ownId} />
        ${room.unread > 0 && html`<em>${describeNews(room)}</em>`}
      `,
      pick: () => goTo(room),
    })),
    ...found.map((user) => ({
      key: user.id,
      content: html`<${PersonChoice} user=${user} /><em>New message</em>`,
      pick: () => write(user),
    })),
  ];
  const isNothing = choices.length === 0 && people.isSettled.value;
  const q = query.value.trim();
  if (q !== "") {
    choices.push({
      key: "messages",
      content: html`
        <span
          class="room-label"><${Icon} name="search" /><span>Search messages for “${q}”</span></span>
      `,
      pick: () => {
        location.hash = addressOfSearch({ q });
        onPick();
      },
    });
  }
  const search = (text: string) => {
    query.value = text;
    people.search(text);
  };
  return html`
    <${Combobox} name="room" label="Name of a room or a person" listLabel="Rooms and people"
      choices=${choices} isFocused onSearch=${search}
      note=${isNothing ? "No room and nobody has such a name." : ""} />
  `;
}

function describeNews({ unread, mentions }: RoomSummary): string {
  const count = unread > 99 ? "99+" : String(unread);
  return mentions > 0 ? `${count} unread, ${mentions} for you` : `${count} unread`;
}
