/** A message as sockets are sent it: serialised once for all of them. */
import type { Message } from "../domain/message.ts";
import type { PublicUser } from "../domain/user.ts";
import { presentMessage } from "../protocol/schemas/messages.ts";
import type { RecentProfiles } from "./recent_profiles.ts";

export interface RenderedMessage {
  message: Message;
  /** The message as the protocol shows it, in JSON. */
  text: string;
}

/** What goes with messages in a frame, so that a reader can show them. */
export interface RenderedRelated {
  referenced: RenderedMessage[];
  users: PublicUser[];
}

/** Serialises a message as the protocol shows it. */
export function render(message: Message): RenderedMessage {
  return { message, text: JSON.stringify(presentMessage(message)) };
}

/** The same message with another state of its sender. */
export function withSender({ message }: RenderedMessage, sender: PublicUser): RenderedMessage {
  return render({ ...message, sender });
}

/**
 * The same messages with their senders as they are now.
 * @param since `profiles.changes` before they were read
 */
export function withCurrentSenders<M extends Message>(
  messages: M[],
  profiles: RecentProfiles,
  since: number,
): M[] {
  if (since === profiles.changes) return messages;
  return messages.map((message) => {
    const sender = profiles.changedSince(since, message.sender.id);
    return sender ? { ...message, sender } : message;
  });
}

/** The messages as one JSON array. */
export function listOf(rendered: readonly RenderedMessage[]): string {
  return `[${rendered.map(({ text }) => text).join(",")}]`;
}
