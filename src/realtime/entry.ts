/** An entry of a room's log as sockets are shown it: put into words once, for however many. */
import type { Message } from "../domain/message.ts";
import { presentMessage } from "../protocol/resources.ts";

export interface Entry {
  message: Message;
  /** The message as the protocol shows it, in JSON. */
  text: string;
}

export function entryOf(message: Message): Entry {
  return { message, text: JSON.stringify(presentMessage(message)) };
}

/** The entries as one JSON array of messages. */
export function listOf(entries: readonly Entry[]): string {
  return `[${entries.map(({ text }) => text).join(",")}]`;
}
