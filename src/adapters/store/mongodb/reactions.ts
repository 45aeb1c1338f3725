/** Who has put which emoji on messages. */
import type { Collection, Document } from "mongodb";
import type { Reactor, ReactorCursor } from "../../../ports/store/messages.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import { type ReactionDocument, reactionId } from "./entry_documents.ts";
import type { PendingChanges } from "./pending_changes.ts";
import {
  PUBLIC_FIELDS,
  type PublicUserDocument,
  toPublicUser,
  type UserDocument,
} from "./user_documents.ts";

/** An emoji on a message. */
type Reaction = Pick<ReactionDocument, "roomId" | "messageId" | "emoji">;

export class Reactions {
  readonly #reactions: Collection<ReactionDocument>;
  readonly #users: Collection<UserDocument>;
  readonly #readOptions: ReadOptions;
  readonly #changes: PendingChanges;

  constructor({ reactions, users, readOptions }: Collections, changes: PendingChanges) {
    this.#reactions = reactions;
    this.#users = users;
    this.#readOptions = readOptions;
    this.#changes = changes;
  }

  /** As `MessageStore.reactionsBy`. */
  async by(
    roomId: string,
    userId: string,
    messageIds: readonly string[],
  ): Promise<Map<string, string[]>> {
    if (messageIds.length === 0) return new Map();
    await this.#changes.settleMessages(roomId, messageIds);
    const reactions = await this.#reactions
      .find({ roomId, userId, messageId: { $in: [...messageIds] } }, this.#readOptions)
      .toArray();
    const byMessage = Map.groupBy(reactions.filter(isPresent), ({ messageId }) => messageId);
    const emojisOf = (own: ReactionDocument[]) => own.map(({ emoji }) => emoji);
    return new Map([...byMessage].map(([id, own]) => [id, emojisOf(own)]));
  }

  /** As `MessageStore.reactors`. */
  async reactors(reaction: Reaction, limit: number, after?: ReactorCursor): Promise<Reactor[]> {
    await this.#changes.settleMessages(reaction.roomId, [reaction.messageId]);
    const reactions = await this.#reactions
      .aggregate<ReactionDocument>([
        { $match: { ...reaction, ...(after && { seq: { $gte: after.seq } }) } },
        { $match: { removedAt: { $exists: false }, ...later(after) } },
        { $sort: { seq: 1, userId: 1 } },
        { $limit: limit },
      ], this.#readOptions).toArray();
    const users = await this.#findUsers(reactions.map(({ userId }) => userId));
    return reactions.map(({ userId, seq }) => {
      const user = users.get(userId);
      return { user: toPublicUser(userId, user ? [user] : []), seq };
    });
  }

  /** As `MessageStore.reactorsAmong`. */
  async reactorsAmong(
    { roomId, messageId, emoji }: Reaction,
    userIds: readonly string[],
  ): Promise<Set<string>> {
    if (userIds.length === 0) return new Set();
    await this.#changes.settleMessages(roomId, [messageId]);
    const ids = userIds.map((userId) => reactionId(messageId, emoji, userId));
    const reactions = await this.#reactions
      .find({ _id: { $in: ids }, roomId }, {
        projection: { userId: 1, removedAt: 1 },
        ...this.#readOptions,
      })
      .toArray();
    return new Set(reactions.filter(isPresent).map(({ userId }) => userId));
  }

  /** All at once: to look up each beside its reaction takes some servers seconds for a thousand. */
  async #findUsers(ids: string[]): Promise<Map<string, PublicUserDocument>> {
    const users = await this.#users
      .find<PublicUserDocument>({ _id: { $in: ids } }, {
        projection: PUBLIC_FIELDS,
        ...this.#readOptions,
      })
      .toArray();
    return new Map(users.map((user) => [user._id, user]));
  }
}

function isPresent({ removedAt }: ReactionDocument): boolean {
  return removedAt === undefined;
}

/** What comes after a reaction in the order of entries, then of users, if it is none of an earlier entry. */
function later(after?: ReactorCursor): Document {
  if (!after) return {};
  const { seq, userId } = after;
  return { $or: [{ seq: { $gt: seq } }, { userId: { $gt: userId } }] };
}
