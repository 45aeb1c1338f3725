/** What limits a search in messages: the room, the sender, what a message has, when it was sent. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import type { PublicUser, RoomSummary } from "../../src/client/mod.ts";
import { readUser } from "../../src/client/rest/mod.ts";
import type { Chat } from "../chat.ts";
import { Icon } from "../components/icon.ts";
import { PersonSearch } from "../components/people_picker.ts";
import { placeOf } from "../place.ts";
import type { MessageSearch } from "./message_search.ts";
import type { SearchTerms } from "./terms.ts";

interface FilterProps {
  chat: Chat;
  search: MessageSearch;
}

export function SearchFilters({ chat, search }: FilterProps) {
  const terms = search.terms.value;
  const count = [terms.from, terms.has, terms.since, terms.until].filter(Boolean).length;
  // It stays open when the last one is taken away.
  const isOpen = useSignal(count > 0);
  const change = (name: keyof SearchTerms) => ({ currentTarget }: Event) => {
    search.change({ [name]: (currentTarget as HTMLInputElement).value });
  };
  return html`
    <select name="room" aria-label="Room" value=${terms.room} onChange=${change("room")}>
      <option value="">All rooms</option>
      ${choicesOf(chat, search).map(({ id, name }) =>
        html`<option key=${id} value=${id}>${name}</option>`
      )}
    </select>
    <details open=${isOpen.value} onToggle=${({ currentTarget }: Event) => {
      isOpen.value = (currentTarget as HTMLDetailsElement).open;
    }}>
      <summary>Filters${count > 0 && ` (${count})`}</summary>
      <div class="filters">
        <${Sender} chat=${chat} search=${search} />
        <label>With
          <select name="has" value=${terms.has} onChange=${change("has")}>
            <option value="">anything</option>
            <option value="file">a file</option>
            <option value="link">a link</option>
          </select>
        </label>
        <label>From day
          <input type="date" name="since" value=${terms.since} max=${terms.until || null}
            onChange=${change("since")} />
        </label>
        <label>To day
          <input type="date" name="until" value=${terms.until} min=${terms.since || null}
            onChange=${change("until")} />
        </label>
      </div>
    </details>
  `;
}

/** The rooms that can be chosen: first the one in which the search was opened. */
function choicesOf(chat: Chat, search: MessageSearch): RoomSummary[] {
  const rooms = chat.rooms.value ?? [];
  const { room } = placeOf(search.origin);
  const isHere = ({ id, slug }: RoomSummary) => id === room || slug === room;
  const here = rooms.filter(isHere).map((room) => ({ ...room, name: `This room: ${room.name}` }));
  const others = rooms.filter((room) => !isHere(room));
  return [...here, ...others.sort((a, b) => a.name.localeCompare(b.name))];
}

/** Who has sent it. */
function Sender({ chat, search }: FilterProps) {
  const { from } = search.terms.value;
  const place = useRef<HTMLDivElement>(null);
  const sender = useSignal<PublicUser | null>(null);
  useEffect(() => {
    if (!from || sender.peek()?.id === from) return;
    // The address names somebody.
    readUser(chat.client.api, from).then(
      (user) => void (sender.value = user),
      chat.notice.sayError,
    );
  }, [from]);
  const change = (user: PublicUser | null) => {
    sender.value = user;
    search.change({ from: user?.id ?? "" });
    // What had the focus is gone.
    queueMicrotask(() => place.current?.querySelector<HTMLElement>("input, button")?.focus());
  };
  const name = sender.value?.id === from ? sender.value.displayName : "…";
  return html`
    <div class="chooser" ref=${place}>
      ${from
        ? html`
          <span class="label">Sender</span>
          <ul class="chips">
            <li>
              <span>${name}</span>
              <button type="button" class="quiet close" aria-label="Any sender, not ${name}"
                onClick=${() => change(null)}><${Icon} name="close" /></button>
            </li>
          </ul>
        `
        : html`
          <span class="label" aria-hidden="true">Sender</span>
          <${PersonSearch} chat=${chat} label="Sender" placeholder="anybody" isSelfFound
            onPick=${change} />
        `}
    </div>
  `;
}
