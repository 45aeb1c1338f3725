/** What is kept of a room beside its timeline, from the same entries. */
import type { Message } from "../protocol/wire/messages.ts";
import type { CameWith } from "./log_entry.ts";
import type { MessageSet } from "./message_set.ts";

export interface TimelineView {
  /** The messages that are in it, and perhaps others. */
  readonly set: MessageSet;
  /**
   * Takes the state of a message that an entry after the cursor has created or changed.
   */
  fold(message: Message, related: CameWith): void;
  /** Starts over with another log. */
  reset(): void;
}
