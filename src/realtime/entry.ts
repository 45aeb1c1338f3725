/** An entry of a room's log as sockets are shown it: put into words once, for however many. */
import type { Message } from "../domain/message.ts";
import { presentMessage } from "../protocol/resources.ts";
import type { RecentProfiles } from "./recent_profiles.ts";

export interface Entry {
  message: Message;
  /** The message as the protocol shows it, in JSON. */
  text: string;
}

export function entryOf(message: Message): Entry {
  return { message, text: JSON.stringify(presentMessage(message)) };
}

/**
 * The same entries with their senders as they are now.
 * @param since `profiles.changes` before they were read
 */
export function withCurrentSenders(
  entries: Entry[],
  profiles: RecentProfiles,
  since: number,
): Entry[] {
  if (since === profiles.changes) return entries;
  return entries.map((entry) => {
    const sender = profiles.changedSince(since, entry.message.sender.id);
    return sender ? entryOf({ ...entry.message, sender }) : entry;
  });
}

/** The entries as one JSON array of messages. */
export function listOf(entries: readonly Entry[]): string {
  return `[${entries.map(({ text }) => text).join(",")}]`;
}
