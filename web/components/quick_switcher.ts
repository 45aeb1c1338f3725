/** Goes to a room by a few letters of its name; opens with Ctrl+K. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useId } from "preact/hooks";
import type { RoomSummary } from "../../src/client/mod.ts";
import { addressOf } from "../address.ts";
import type { Chat } from "../chat.ts";
import { searchRooms } from "../room_search.ts";
import { Dialog } from "./dialog.ts";

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
      title="Go to a room (Ctrl+K)" onClick=${() => void (isOpen.value = true)}>
      Go to…
    </button>
    ${isOpen.value && html`
      <${Dialog} title="Go to a room" onClose=${close}>
        <${Search} rooms=${chat.rooms.value ?? []} onPick=${close} />
        <//>
    `}
  `;
}

/** A combobox (ARIA Authoring Practices): the focus stays in the input, arrows choose a room. */
function Search({ rooms, onPick }: { rooms: readonly RoomSummary[]; onPick(): void }) {
  const [query, chosen, id] = [useSignal(""), useSignal(0), useId()];
  const found = searchRooms(rooms, query.value, MAX_ROOMS);
  const pick = (room: RoomSummary | undefined) => {
    if (!room) return;
    location.hash = addressOf(room.slug);
    onPick();
  };
  const press = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step === undefined && event.key !== "Enter") return;
    event.preventDefault();
    if (step === undefined) return pick(found[chosen.value]);
    chosen.value = (chosen.value + step + found.length) % (found.length || 1);
  };
  const search = ({ currentTarget }: Event) => {
    query.value = (currentTarget as HTMLInputElement).value;
    chosen.value = 0;
  };
  const idOf = (index: number) => `${id}-${index}`;
  return html`
    <input name="room" role="combobox" autocomplete="off" autofocus placeholder="Name of a room"
      aria-label="Name of a room" aria-expanded=${String(
        found.length > 0,
      )} aria-controls="${id}-list"
      aria-activedescendant=${found.length > 0 ? idOf(chosen.value) : null}
      onInput=${search} onKeyDown=${press} />
    <ul class="choices" id="${id}-list" role="listbox" aria-label="Rooms">
      ${found.map((room, index) =>
        html`
          <li key=${room.id} id=${idOf(index)} role="option"
            aria-selected=${String(index === chosen.value)} onClick=${() => pick(room)}>
            <span>${room.name}</span>
            ${room.unread > 0 && html`<em>${describeNews(room)}</em>`}
          </li>
        `
      )}
    </ul>
    <p class="dialog-note" role="status">${found.length === 0 ? "No room has such a name." : ""}</p>
  `;
}

function describeNews({ unread, mentions }: RoomSummary): string {
  const count = unread > 99 ? "99+" : String(unread);
  return mentions > 0 ? `${count} unread, ${mentions} for you` : `${count} unread`;
}
