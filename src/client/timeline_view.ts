/** What is kept of a room beside its timeline, from the same entries. */
import type { Message } from "../protocol/wire/messages.ts";
import type { EntryRelated } from "./log_entry.ts";
import type { MessageSet } from "./message_set.ts";

export interface TimelineView {
  /** The messages that are in it, and perhaps others. */
  readonly set: MessageSet;
  /**
   * Takes the state of a message that an entry after the cursor has created or changed.
   * @param mine the user's reactions to it, if it came with a page
   * @param related what goes with it, if it came with its entry
   */
  fold(message: Message, mine?: string[], related?: EntryRelated): void;
  /** Starts over with another log. */
  reset(): void;
}
