/** What has become of an own message on its way: what it waits for, or why it was refused. */
import { html } from "htm/preact";
import type { ChatMessage } from "../../src/client/mod.ts";
import { howSoon } from "../clock.ts";
import type { OpenRoom } from "../rooms/open_room.ts";

export function Outcome({ open, message }: { open: OpenRoom; message: ChatMessage }) {
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
