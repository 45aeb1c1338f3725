/** One message: its sender, time and text, and what has become of it on its way. */
import { html } from "htm/preact";
import type { ChatMessage } from "../../src/client/mod.ts";
import { howSoon } from "../clock.ts";
import { memo } from "../memo.ts";
import type { OpenRoom } from "../open_room.ts";
import { Avatar } from "./avatar.ts";
import { richText } from "./rich_text.ts";

const TIME = new Intl.DateTimeFormat([], { timeStyle: "short" });
const MOMENT = new Intl.DateTimeFormat([], { dateStyle: "full", timeStyle: "short" });

export interface MessageProps {
  open: OpenRoom;
  message: ChatMessage;
  /** Whether it has the heading of the message before. */
  continued: boolean;
}

export const Message = memo(({ open, message, continued }: MessageProps) => {
  const { state, sender, system, deletedAt, text } = message;
  const classes = { message: true, system, continued, deleted: deletedAt !== null };
  return html`
    <li class=${classNames(classes)} data-key=${message.key} data-seq=${message.seq}
      data-state=${state}>
      <${Avatar} user=${sender} />
      <b class="sender">${sender.displayName}</b>
      <${Time} at=${message.createdAt} />
      <${Text} text=${deletedAt === null ? text : null} />
      ${state !== "sent" && html`<${Outcome} open=${open} message=${message} />`}
    </li>
  `;
});

function Time({ at }: { at: string }) {
  const date = new Date(at);
  return html`<time datetime=${at} title=${MOMENT.format(date)}>${TIME.format(date)}</time>`;
}

/** A new state of the same text is no reason to lose a selection. */
const Text = memo(({ text }: { text: string | null }) =>
  html`<div class="text">${text === null ? "Message deleted" : richText(text)}</div>`
);

function Outcome({ open, message }: Omit<MessageProps, "continued">) {
  const { room } = open;
  if (message.state !== "failed") {
    const isQueued = message.state === "queued";
    const text = isQueued ? describeWait(message, open.retryAt.value) : "Sending…";
    return html`<p class="outcome"><span aria-live=${isQueued ? "off" : null}>${text}</span></p>`;
  }
  // The message itself shows the result.
  const retry = () => room.retry(message).catch(() => {});
  return html`
    <p class="outcome">
      <span>Not sent: ${message.error?.message ?? "refused"}</span>
      <button class="quiet" type="button" onClick=${retry}>Try again</button>
      <button class="quiet" type="button" onClick=${() => room.discard(message)}>Discard</button>
    </p>
  `;
}

/**
 * What a queued message waits for: a connection, its turn, or the server.
 * @param retryAt the next attempt at the room's first message, if the server has refused it
 */
function describeWait({ error }: ChatMessage, retryAt: number | undefined): string {
  if (retryAt === undefined) return "Waiting to be sent";
  if (!error) return "Waiting for its turn";
  const reason = error.code === "rate_limited" ? "You are writing too fast" : error.message;
  return `${reason.replace(/\.$/, "")}: will be sent ${howSoon(retryAt)}`;
}

function classNames(classes: Record<string, boolean>): string {
  return Object.entries(classes).filter(([, isOn]) => isOn).map(([name]) => name).join(" ");
}
