/** The rooms as they were last, to read while the server cannot be reached after a reload. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { ChatMessage } from "../../src/client/mod.ts";
import { address, addressOf } from "../address.ts";
import { Avatar } from "../components/avatar.ts";
import { Markup } from "../components/markup.ts";
import { Time } from "../components/moment.ts";
import { RoomLabel } from "../components/room_label.ts";
import { FileNames } from "../files/file_names.ts";
import { type Line, toLines } from "../messages/lines.ts";
import { nameOfRoom } from "../rooms/room_name.ts";
import { type ArchivedRoom, RoomArchive } from "./room_archive.ts";

export function ArchivedChat({ userId }: { userId: string }) {
  const rooms = useSignal<readonly ArchivedRoom[]>([]);
  useEffect(() => void new RoomArchive(userId).load().then((loaded) => rooms.value = loaded), []);
  const name = address.value.room;
  const shown = rooms.value.find(({ room }) => room.id === name || room.slug === name);
  if (rooms.value.length === 0) return null;
  return html`
    <main id="signed-in" class=${shown ? "archived in-room" : "archived"}>
      <nav id="sidebar" aria-label="Rooms">
        <div class="scroll">
          <h2 id="archived-title">Your rooms</h2>
          <ul class="rooms" aria-labelledby="archived-title">
            ${rooms.value.map(({ room }) =>
              html`
                <li key=${room.id}>
                  <a href=${addressOf(room.slug)} aria-current=${shown?.room === room
                    ? "page"
                    : null}>
                    <${RoomLabel} room=${room} ownId=${userId} />
                  </a>
                </li>
              `
            )}
          </ul>
        </div>
      </nav>
      ${shown
        ? html`<${ArchivedRoomView} key=${shown.room.id} archived=${shown} ownId=${userId} />`
        : html`<p id="no-room">Choose a room, to read what was there last.</p>`}
    </main>
  `;
}

function ArchivedRoomView({ archived: { room, messages }, ownId }: {
  archived: ArchivedRoom;
  ownId: string;
}) {
  const name = nameOfRoom(room, ownId);
  const scroller = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => void (scroller.current!.scrollTop = scroller.current!.scrollHeight), []);
  const lines = toLines(messages, null, undefined);
  const names = new Map(messages.map(({ sender }) => [sender.id, sender.displayName]));
  return html`
    <section class="room" aria-label="Room">
      <header>
        <a class="back" href="#/">‹<span> Rooms</span></a>
        <h1 class=${room.type} title=${name}>${name}</h1>
        <p class="description">${room.description}</p>
      </header>
      <div class="timeline">
        <div class="messages" ref=${scroller} tabindex="0" role="log" aria-label="Messages">
          <ol>${lines.map((line) =>
            html`<${LineView} key=${line.key} names=${names} ...${line} />`
          )}</ol>
        </div>
      </div>
    </section>
  `;
}

/** @param names the display names of those who have written, by their ids */
function LineView({ names, ...line }: Line & { names: ReadonlyMap<string, string> }) {
  if (line.kind !== "message") return html`<li class=${line.kind}><span>${line.text}</span></li>`;
  const { message, continued } = line;
  const { sender, createdAt, deletedAt, system } = message;
  const kinds = [continued && "continued", deletedAt && "deleted", system && "system"];
  return html`
    <li class=${["message", ...kinds.filter(Boolean)].join(" ")}>
      <${Avatar} user=${sender} />
      <b class="sender">${sender.displayName}</b>
      <${Time} at=${createdAt} />
      <${Text} message=${message} names=${names} />
    </li>
  `;
}

function Text({ message: { deletedAt, text, mentions, attachments }, names }: {
  message: ChatMessage;
  names: ReadonlyMap<string, string>;
}) {
  if (deletedAt !== null) return html`<div class="text">Message deleted</div>`;
  const mentioned = mentions.map((id) => names.get(id) ?? "").join("\n");
  return html`
    <${Markup} text=${text} names=${mentioned} ownName="" />
    <p class="files">
      <${FileNames} files=${attachments} />
    </p>
  `;
}
