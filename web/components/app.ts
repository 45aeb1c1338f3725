/** The whole page: the bar, and below it the rooms or the forms to sign in. */
import { effect } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { address } from "../address.ts";
import { ArchivedChat } from "../archive/archived_chat.ts";
import { archivedUserId } from "../archive/archiving.ts";
import type { Chat } from "../chat.ts";
import { pageTitle } from "../notifications/page_title.ts";
import { signalOf } from "../observed.ts";
import { nameOfRoom } from "../rooms/room_name.ts";
import { SearchButton } from "../search/search_button.ts";
import { SearchView } from "../search/search_view.ts";
import { ChatContext } from "./chat_context.ts";
import { ConnectionBar } from "./connection_bar.ts";
import { FirstRoom } from "./first_room.ts";
import { Invited } from "./invited.ts";
import { Mentions } from "./mentions.ts";
import { PersonCard } from "./person_card.ts";
import { OwnProfile } from "./profile.ts";
import { QuickSwitcher } from "./quick_switcher.ts";
import { RoomList } from "./room_list.ts";
import { RoomView } from "./room_view.ts";
import { SignIn } from "./sign_in.ts";

export function App({ chat }: { chat: Chat }) {
  const { session } = chat;
  const user = chat.user.value;
  const isKnown = session.isKnown.value;
  const { status } = signalOf(chat.client.connection).value;
  // Not only between two attempts.
  const isUnreachable = useRef(false);
  isUnreachable.current ||= status === "waiting";
  return html`
    <${ChatContext.Provider} value=${chat}>
      ${user && html`<${SkipLinks} chat=${chat} />`}
      <header class="bar">
        <${Brand} />
        ${(user || !isKnown) &&
          html`<${ConnectionBar} client=${chat.client} notice=${chat.notice} />`}
        ${user && html`
          <p id="account">
            <${SearchButton} />
            <${QuickSwitcher} chat=${chat} />
            <${Mentions} chat=${chat} />
            <${OwnProfile} chat=${chat} user=${user} />
            <button id="logout" class="quiet" onClick=${() => chat.signOut()}>Sign out</button>
          </p>
        `}
      </header>
      ${!isKnown && isUnreachable.current && html`
        <p id="unreachable" class="card">
          ${archivedUserId() === null
            ? "The server cannot be reached. Your rooms, and what you have written in them, will be here as soon as it is back."
            : "These are your rooms as they were last. What you have written is sent as soon as the server is back."}
        </p>
        ${archivedUserId() !== null && html`<${ArchivedChat} userId=${archivedUserId()} />`}
      `}
      ${session.warning.value &&
        html`<p id="warning" role="alert">${session.warning.value}</p>`}
      ${user
        ? html`<${Workspace} chat=${chat} />`
        : isKnown && html`<${SignIn} session=${session} />`}
    <//>
  `;
}

function Brand() {
  return html`
    <a class="brand" href="#/">
      <img src="/assets/web/favicon.svg" alt="" width="26" height="26" />EchoRoom
    </a>
  `;
}

/** Not links, whose targets would take the place of the room in the address. */
function SkipLinks({ chat }: { chat: Chat }) {
  const focus = (selector: string) => document.querySelector<HTMLElement>(selector)?.focus();
  return html`
    <p class="skip">
      ${chat.open.value && html`
        <button type="button" onClick=${() => focus(".composer textarea")}>Write a message</button>
        <button type="button" onClick=${() => focus(".messages")}>Read the messages</button>
      `}
      <button type="button" onClick=${() => focus("#sidebar :is(a, input)")}>Find a room</button>
    </p>
  `;
}

/** The rooms, and the one that is open. */
function Workspace({ chat }: { chat: Chat }) {
  const open = chat.open.value;
  useEffect(() => effect(() => void (document.title = titleOf(chat))), [chat]);
  const { invitation, search } = address.value;
  return html`
    <main id="signed-in" class=${open || invitation || search ? "in-room" : ""}>
      <${RoomList} chat=${chat} />
      ${invitation
        ? html`<${Invited} key=${invitation} chat=${chat} code=${invitation} />`
        : search
        ? html`<${SearchView} chat=${chat} search=${chat.signedIn.value!.search} />`
        : open
        ? html`<${RoomView} key=${open.room.name} open=${open} />`
        : html`<${NoRoom} chat=${chat} />`}
    </main>
    <${PersonCard} chat=${chat} />
  `;
}

function NoRoom({ chat }: { chat: Chat }) {
  if (chat.rooms.value?.length === 0) return html`<${FirstRoom} chat=${chat} />`;
  return html`
    <p id="no-room">
      Choose a room, or create one. <kbd>Alt</kbd> + <kbd>↑</kbd> <kbd>↓</kbd> goes from room to
      room, <kbd>Ctrl</kbd> + <kbd>K</kbd> to one by its name, <kbd>/</kbd> searches messages.
    </p>
  `;
}

/** The window's title, with what is unread. */
function titleOf({ open, rooms, user }: Chat): string {
  const shown = open.value?.room;
  const isDead = shown && signalOf(shown.state).value.status === "failed";
  const info = shown && signalOf(shown.info).value;
  const name = info && nameOfRoom(info, user.value?.id);
  const elsewhere = address.value.search ? "Search" : "";
  const place = shown ? name ?? (isDead ? "No such room" : "…") : elsewhere;
  const sum = (counts: number[]) => counts.reduce((sum, count) => sum + count, 0);
  const unread = sum(rooms.value?.map(({ unread }) => unread) ?? []);
  return pageTitle(place, unread, sum(rooms.value?.map(({ mentions }) => mentions) ?? []));
}
