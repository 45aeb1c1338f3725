/** An entry of a room's log as sockets are sent it: serialised once for all of them. */
import type { Entry } from "../domain/entry.ts";
import { presentMessage } from "../protocol/schemas/messages.ts";
import type { PublicUser } from "../domain/user.ts";
import type { RecentProfiles } from "./recent_profiles.ts";

export interface RenderedEntry {
  entry: Entry;
  /** The message as the protocol shows it, in JSON. */
  text: string;
}

export function render(entry: Entry): RenderedEntry {
  return { entry, text: JSON.stringify(presentMessage(entry.message)) };
}

/** The same entry with another state of its message's sender. */
export function withSender({ entry }: RenderedEntry, sender: PublicUser): RenderedEntry {
  return render({ ...entry, message: { ...entry.message, sender } });
}

/**
 * The same entries with their senders as they are now.
 * @param since `profiles.changes` before they were read
 */
export function withCurrentSenders(
  rendered: RenderedEntry[],
  profiles: RecentProfiles,
  since: number,
): RenderedEntry[] {
  if (since === profiles.changes) return rendered;
  return rendered.map((each) => {
    const sender = profiles.changedSince(since, each.entry.message.sender.id);
    return sender ? withSender(each, sender) : each;
  });
}

/** The entries' messages as one JSON array. */
export function listOf(rendered: readonly RenderedEntry[]): string {
  return `[${rendered.map(({ text }) => text).join(",")}]`;
}
