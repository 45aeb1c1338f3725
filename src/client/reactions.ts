/** Which reactions to a message are the user's own, and what it looks like with one more or fewer. */
import type { Message, MessageChange } from "../protocol/wire/messages.ts";
import type { ChatMessage } from "./chat_message.ts";

/** Users whom a reaction names. */
const NAMED_USERS = 10;

/**
 * The user's own emoji on a message. The message names only the first users of each.
 * @param others emoji that may be the user's beyond those
 */
export function ownReactions(
  { reactions }: Pick<Message, "reactions">,
  self: string | undefined,
  others: readonly string[],
): string[] {
  return reactions
    .filter(({ emoji, count, users }) => {
      return users.some((id) => id === self) || count > users.length && others.includes(emoji);
    })
    .map(({ emoji }) => emoji);
}

/** The user's own emoji after an entry's change. */
export function afterChange(
  own: readonly string[],
  change: MessageChange | undefined,
  self: string | undefined,
): readonly string[] {
  if (change?.type !== "reactions") return own;
  const emojiOf = (uses: typeof change.added) =>
    uses.filter(({ user }) => user.id === self).map(({ emoji }) => emoji);
  const removed = emojiOf(change.removed);
  return [...own, ...emojiOf(change.added)].filter((emoji) => !removed.includes(emoji));
}

/** The reactions to a message once the user has this one, or has not. */
export function withReaction(
  { reactions, ownReactions }: Pick<ChatMessage, "reactions" | "ownReactions">,
  self: string,
  emoji: string,
  isOn: boolean,
): Pick<ChatMessage, "reactions" | "ownReactions"> {
  const known = reactions.find((reaction) => isSame(reaction.emoji, emoji));
  const name = known?.emoji ?? emoji;
  if (ownReactions.includes(name) === isOn) return { reactions, ownReactions };
  const { count = 0, users = [] } = known ?? {};
  const others = users.filter((id) => id !== self);
  const reaction = isOn
    ? { emoji: name, count: count + 1, users: [...others, self].slice(0, NAMED_USERS) }
    : { emoji: name, count: count - 1, users: others };
  const all = known
    ? reactions.map((other) => other === known ? reaction : other)
    : [...reactions, reaction];
  return {
    reactions: all.filter(({ count }) => count > 0),
    ownReactions: isOn ? [...ownReactions, name] : ownReactions.filter((own) => own !== name),
  };
}

/** The server compares emoji without the variation selector, too. */
function isSame(a: string, b: string): boolean {
  return a.replace(/\uFE0F/g, "") === b.replace(/\uFE0F/g, "");
}
