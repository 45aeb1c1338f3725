/** Drafts of entries that change a message, as a command of somebody would decide them. */
import type { ChangeDraft } from "../../../src/domain/entry.ts";
import {
  type Message,
  type Reaction,
  SHOWN_REACTORS,
  withoutContent,
} from "../../../src/domain/message.ts";
import { type PublicUser, publicUser } from "../../../src/domain/user.ts";
import { CREATED, newId } from "./fixtures.ts";

type Fields = Partial<Pick<ChangeDraft, "id" | "clientMessageId" | "request" | "createdAt">>;

export function edit(before: Message, changes: Partial<Message>, fields: Fields = {}): ChangeDraft {
  const common = commonFields(before.sender, fields);
  const isNewText = changes.text !== undefined && changes.text !== before.text;
  const editedAt = isNewText ? common.createdAt : before.editedAt;
  return { ...common, kind: "edited", message: { ...before, ...changes, editedAt }, before };
}

export function deletion(before: Message, by: PublicUser, fields: Fields = {}): ChangeDraft {
  const common = commonFields(by, fields);
  const message = { ...withoutContent(before), deletedAt: common.createdAt };
  return { ...common, kind: "deleted", message, before };
}

export function pin(before: Message, by: PublicUser, fields: Fields = {}): ChangeDraft {
  return {
    ...commonFields(by, fields),
    kind: "pinned",
    message: { ...before, pinned: true },
    before,
  };
}

export function unpin(before: Message, by: PublicUser, fields: Fields = {}): ChangeDraft {
  const message = { ...before, pinned: false };
  return { ...commonFields(by, fields), kind: "unpinned", message, before };
}

/** A reaction of one emoji by several users. */
export function reaction(
  before: Message,
  emoji: string,
  users: readonly PublicUser[],
  fields: Fields = {},
): ChangeDraft {
  const added = users.map((user) => ({ emoji, user: publicUser(user) }));
  const reactions = addUsers(before.reactions, emoji, users);
  const message = { ...before, reactions };
  return {
    ...commonFields(users[0]!, fields),
    kind: "reacted",
    added,
    removed: [],
    message,
    before,
  };
}

/** Takes back the emoji of one user; `next` are the ids of those who are shown then. */
export function reactionRemoval(
  before: Message,
  emoji: string,
  user: PublicUser,
  next: readonly string[],
): ChangeDraft {
  const removed = [{ emoji, user: publicUser(user) }];
  const reactions = before.reactions.flatMap((each): Reaction[] => {
    if (each.emoji !== emoji) return [each];
    return each.count > 1 ? [{ emoji, count: each.count - 1, users: next }] : [];
  });
  const message = { ...before, reactions };
  return { ...commonFields(user, {}), kind: "reacted", added: [], removed, message, before };
}

function addUsers(
  reactions: readonly Reaction[],
  emoji: string,
  users: readonly PublicUser[],
): Reaction[] {
  const old = reactions.find((each) => each.emoji === emoji);
  const ids = users.map(({ id }) => id).sort();
  const changed = {
    emoji,
    count: (old?.count ?? 0) + ids.length,
    users: [...old?.users ?? [], ...ids].slice(0, SHOWN_REACTORS),
  };
  return old ? reactions.map((each) => each === old ? changed : each) : [...reactions, changed];
}

function commonFields(by: PublicUser, fields: Fields) {
  return {
    id: newId(),
    by: publicUser(by),
    clientMessageId: newId(),
    request: null,
    createdAt: new Date(CREATED.getTime() + 60_000),
    ...fields,
  };
}
