/** The beginning of the message that another one answers; leads to it. */
import { html } from "htm/preact";
import type { ChatMessage } from "../../src/client/mod.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { summaryOf } from "../text/plain_text.ts";

interface QuoteProps {
  open: OpenRoom;
  id: string;
  /** Undefined while it is not known. */
  message: ChatMessage | undefined;
}

export function Quote({ open, id, message }: QuoteProps) {
  return html`
    <button class="quote" type="button" onClick=${() => open.reading.goTo(id)}>
      <b>${message?.sender.displayName ?? "…"}</b> ${message && excerptOf(message)}
    </button>
  `;
}

export function excerptOf(message: ChatMessage): string {
  return message.deletedAt === null ? summaryOf(message, 100) : "Message deleted";
}
