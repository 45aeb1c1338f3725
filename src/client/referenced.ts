/** The messages that those shown answer, where these are not shown themselves. */
import type { Message } from "../protocol/wire/messages.ts";
import { type ChatMessage, keyOf, UNCHANGED } from "./chat_message.ts";

/** More than a screen shows; the oldest go first. */
const MAX_MESSAGES = 500;

export class Referenced {
  readonly #messages = new Map<string, ChatMessage>();

  find(id: string): ChatMessage | undefined {
    return this.#messages.get(id);
  }

  take(messages: readonly Message[] = []): void {
    for (const message of messages) this.#put(message);
  }

  /** Takes the present state of a message, if it is one of them. */
  update(message: Message): void {
    if (this.#messages.has(message.id)) this.#put(message);
  }

  clear(): void {
    this.#messages.clear();
  }

  #put(message: Message): void {
    const { id, sender, clientMessageId, changedSeq } = message;
    if ((this.#messages.get(id)?.changedSeq ?? 0) > changedSeq) return;
    const key = keyOf(sender, clientMessageId);
    this.#messages.set(id, { ...message, ...UNCHANGED, key, state: "sent" });
    if (this.#messages.size > MAX_MESSAGES) {
      this.#messages.delete(this.#messages.keys().next().value!);
    }
  }
}
