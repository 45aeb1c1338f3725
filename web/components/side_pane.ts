/** Beside the messages: the room's members, its pins, or a thread. */
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ChatMessage, Thread } from "../../src/client/mod.ts";
import { MessageFiles } from "../files/message_files.ts";
import { OutgoingFiles } from "../files/outgoing_files.ts";
import { signalOf } from "../observed.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { Answer } from "./answer.ts";
import { Avatar } from "./avatar.ts";
import { Markup } from "./markup.ts";
import { MembersPane } from "./members_pane.ts";
import { Time } from "./moment.ts";
import { Outcome } from "./outcome.ts";
import { Pane } from "./pane.ts";
import { Reactions } from "./reactions.ts";

/** Where the pane takes the place of the messages, as its styles say. */
const COVERING = matchMedia("(max-width: 60rem), (max-height: 30rem)");

export function SidePane({ open }: { open: OpenRoom }) {
  const pane = open.pane.value;
  if (pane === null) return null;
  if (pane === "members") return html`<${MembersPane} open=${open} />`;
  if (pane === "pins") return html`<${Pins} open=${open} />`;
  return html`<${ThreadPane} key=${pane.id} open=${open} thread=${pane} />`;
}

function Pins({ open }: { open: OpenRoom }) {
  const pins = signalOf(open.room.pins).value;
  return html`
    <${Pane} open=${open} title="Pinned messages">
      ${pins?.length === 0 && html`<p class="faint">Nothing is pinned in this room.</p>`}
      <ol>
        ${pins?.map((message) =>
          html`
            <${PaneMessage} key=${message.key} open=${open} message=${message}>
              ${open.may("message.pin") && html`
                <button class="link" type="button"
                  onClick=${() => open.commands.togglePin(message)}>Unpin</button>
              `}
            <//>
          `
        )}
      </ol>
    <//>
  `;
}

function ThreadPane({ open, thread }: { open: OpenRoom; thread: Thread }) {
  const list = useRef<HTMLOListElement>(null);
  const root = signalOf(thread.root).value;
  const replies = signalOf(thread.replies).value;
  const hasOlder = signalOf(thread.hasOlder).value;
  const load = () => thread.loadOlder().catch(open.notice.sayError);
  useEffect(() => void load(), []);
  useEffect(() => {
    const pane = list.current!.parentElement!;
    pane.scrollTop = pane.scrollHeight;
  }, [replies.length]);
  return html`
    <${Pane} open=${open} title="Thread">
      <ol ref=${list}>
        ${root && html`<${PaneMessage} key=${root.key} open=${open} message=${root} />`}
        ${hasOlder && replies.length > 0 && html`
          <li><button class="quiet" type="button" onClick=${load}>Older answers</button></li>
        `}
        ${replies.map((message) =>
          html`
            <${PaneMessage} key=${message.key} open=${open} message=${message} />
          `
        )}
      </ol>
      ${open.writing.obstacle.value
        ? html`<p class="faint">${open.writing.obstacle.value}</p>`
        : html`<${Answer} open=${open} thread=${thread} />`}
      <//>
  `;
}

interface PaneMessageProps {
  open: OpenRoom;
  message: ChatMessage;
  children?: ComponentChildren;
}

function PaneMessage({ open, message, children }: PaneMessageProps) {
  const { id, key, sender, text, deletedAt, mentions, createdAt, state } = message;
  const { attachments, files = [] } = message;
  const names = mentions.map((id) => open.nameOf(id)).join("\n");
  const show = () => {
    if (COVERING.matches) open.showPane(null);
    void open.reading.goTo(id!);
  };
  return html`
    <li class="pane-message" data-state=${state}>
      <${Avatar} user=${sender} />
      <p><b class="sender">${sender.displayName}</b> <${Time} at=${createdAt} /></p>
      ${deletedAt === null
        ? html`<${Markup} text=${text} names=${names} ownName=${open.ownName} />`
        : html`<div class="text">Message deleted</div>`}
      ${attachments.length > 0 && html`
        <${MessageFiles} viewer=${open} of=${key} files=${attachments} />
      `}
      ${files.length > 0 && html`
        <${OutgoingFiles} open=${open} message=${message} written=${open.answer.value} />
      `}
      <${Reactions} open=${open} message=${message} />
      ${state !== "sent" && html`<${Outcome} open=${open} message=${message} />`}
      <p class="links">
        ${id && html`
          <button class="link" type="button" onClick=${show}>Show in the room</button>
        `}
        ${children}
      </p>
    </li>
  `;
}
