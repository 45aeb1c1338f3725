/** A room's messages, with history on scrolling, at a stable scroll position. */
import { html } from "htm/preact";
import { useRef, useState } from "preact/hooks";
import { isUnread, type Line, toLines } from "../messages/lines.ts";
import { signalOf } from "../observed.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { Invitation } from "./invitation.ts";
import { Message } from "./message.ts";
import { pressInMessages } from "./message_keys.ts";
import { useScrolling } from "./scrolling.ts";

export function MessageList({ open }: { open: OpenRoom }) {
  const { reading } = open;
  const scroller = useRef<HTMLDivElement>(null);
  const [isLoading, setLoading] = useState(false);
  const loadOlder = async () => {
    if (isLoading || !open.room.hasOlder.get()) return;
    setLoading(true);
    await open.room.loadOlder().catch(open.notice.sayError);
    setLoading(false);
  };
  const hasOlder = signalOf(open.room.hasOlder).value;
  const lines = toLines(open.messages.value, reading.unreadAfter.value, open.userId);
  const scrolled = useScrolling(scroller, reading, loadOlder);
  const toNewest = () => {
    // The button disappears, and would lose the focus.
    scroller.current!.focus();
    reading.toNewest();
  };
  const press = (event: KeyboardEvent) => pressInMessages(event, open);
  // Screen readers should not announce older messages.
  return html`
    <div class="timeline">
      ${reading.linkFault.value && html`
        <p class="link-fault" role="alert">
          ${reading.linkFault.value}
          <button class="quiet" type="button" onClick=${() =>
            reading.linkFault.value = ""}>Close</button>
        </p>
      `}
      <div class="messages" ref=${scroller} tabindex="0" role="log" aria-label="Messages"
        aria-busy=${String(isLoading)} data-readers=${open.readers.audience
          .value} onScroll=${scrolled} onKeyDown=${press}>
        ${hasOlder && html`
          <button class="quiet older" type="button" onClick=${loadOlder}>Older messages</button>
        `}
        <ol>
          ${lines.map((line) => html`<${LineView} key=${line.key} open=${open} ...${line} />`)}
        </ol>
        <${Invitation} open=${open} />
      </div>
      ${!reading.isAtNewest.value && html`
        <button class="to-newest" type="button" onClick=${toNewest}>${describeBelow(open)}</button>
      `}
    </div>
  `;
}

function LineView({ open, ...line }: Line & { open: OpenRoom }) {
  if (line.kind !== "message") return html`<li class=${line.kind}><span>${line.text}</span></li>`;
  const { message, continued } = line;
  const answered = message.replyTo ? open.room.find(message.replyTo) : undefined;
  return html`
    <${Message} open=${open} message=${message} continued=${continued} answered=${answered} />
  `;
}

/** The text of the button that leads down. */
function describeBelow({ messages, reading, userId }: OpenRoom): string {
  const seen = reading.seenSeq.value;
  const count = messages.value.filter((message) => isUnread(message, seen, userId)).length;
  if (count === 0) return "Newest messages";
  return count === 1 ? "1 new message" : `${count} new messages`;
}
