/** What the changes make of a message: pure, and the one place that says when each is refused. */
import type { EmojiUse } from "./entry.ts";
import { ChatError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { type Message, type Reaction, SHOWN_REACTORS } from "./message.ts";
import { withoutContent } from "./message.ts";

/** Different emoji on one message. */
export const MAX_EMOJI = 20;
/** Pinned messages in one room. */
export const MAX_PINS = 100;

/** What an edit sets; what is left out stays. */
export interface Edit {
  text?: string | undefined;
  mentions?: readonly string[] | undefined;
  metadata?: JsonObject | null | undefined;
  /** The `changedSeq` that the editor saw. */
  ifChangedSeq?: number | undefined;
}

/** Who has put one emoji on a message, as far as a change needs to know. */
export interface Reactors {
  /** Those who have, of the users whom changes name. */
  among: ReadonlySet<string>;
  /** The first ones, in the order of (seq, userId): all, or enough to fill the summary. */
  first: readonly { userId: string; seq: number }[];
}

/**
 * The message after an edit.
 * @param at sets `editedAt` if the text changes
 * @throws ChatError `message_deleted`, `edit_conflict`
 */
export function edit(message: Message, change: Edit, at: Date): Message {
  requirePresent(message);
  const { ifChangedSeq, text = message.text } = change;
  if (ifChangedSeq !== undefined && message.textSeq > ifChangedSeq) {
    throw new ChatError("edit_conflict", "The text was edited meanwhile.");
  }
  return {
    ...message,
    text,
    mentions: change.mentions ?? message.mentions,
    metadata: change.metadata === undefined ? message.metadata : change.metadata,
    editedAt: text === message.text ? message.editedAt : at,
  };
}

/** The message after its deletion; null if it is deleted already. */
export function remove(message: Message, at: Date): Message | null {
  return message.deletedAt ? null : { ...withoutContent(message), deletedAt: at };
}

/**
 * The message after it is pinned or unpinned; null if it is so already.
 * @param pins pinned messages in the room
 * @throws ChatError `message_deleted`, `limit_reached`
 */
export function pin(message: Message, pinned: boolean, pins: number): Message | null {
  requirePresent(message);
  if (message.pinned === pinned) return null;
  if (pinned && pins >= MAX_PINS) {
    throw new ChatError("limit_reached", `A room has at most ${MAX_PINS} pinned messages.`);
  }
  return { ...message, pinned };
}

/**
 * The message after one emoji was added by a user or removed; null if it was so already.
 * @param reactors of this emoji, before the change
 * @param seq of the entry that changes it
 * @throws ChatError `message_deleted`, `limit_reached`
 */
export function react(
  message: Message,
  { emoji, user }: EmojiUse,
  add: boolean,
  reactors: Reactors,
  seq: number,
): { message: Message; reactors: Reactors } | null {
  requirePresent(message);
  if (reactors.among.has(user.id) === add) return null;
  const before = message.reactions.find((reaction) => reaction.emoji === emoji);
  if (add && !before && message.reactions.length >= MAX_EMOJI) {
    throw new ChatError("limit_reached", `A message has at most ${MAX_EMOJI} different emoji.`);
  }
  const among = new Set(reactors.among);
  const others = reactors.first.filter(({ userId }) => userId !== user.id);
  const count = before?.count ?? 0;
  // Whoever is added comes last: among the first only where these are all.
  const isKnown = reactors.first.length >= count;
  const first = add && isKnown ? [...others, { userId: user.id, seq }].toSorted(byEntry) : others;
  if (add) among.add(user.id);
  else among.delete(user.id);
  const reaction: Reaction = {
    emoji,
    count: count + (add ? 1 : -1),
    users: first.slice(0, SHOWN_REACTORS).map(({ userId }) => userId),
  };
  const reactions = before
    ? message.reactions.map((each) => each === before ? reaction : each)
    : [...message.reactions, reaction];
  return {
    message: { ...message, reactions: reactions.filter(({ count }) => count > 0) },
    reactors: { among, first },
  };
}

/** @throws ChatError `message_deleted` */
export function requirePresent({ deletedAt }: Message): void {
  if (deletedAt) throw new ChatError("message_deleted", "The message was deleted.");
}

function byEntry(a: { userId: string; seq: number }, b: { userId: string; seq: number }): number {
  return a.seq - b.seq || (a.userId < b.userId ? -1 : 1);
}
