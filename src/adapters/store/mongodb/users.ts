/** Accounts, in a collection of their own. */
import type { Collection, Document } from "mongodb";
import { ChatError, unavailable } from "../../../domain/errors.ts";
import { newId } from "../../../domain/id.ts";
import { nameWords } from "../../../domain/name.ts";
import type { Restriction } from "../../../domain/restriction.ts";
import type {
  InstanceRole,
  KnownUser,
  ProfileChanges,
  PublicUser,
  User,
} from "../../../domain/user.ts";
import type { UpdatedUser, UserStore } from "../../../ports/store/users.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import type { MetaDocument } from "./documents.ts";
import { markOf } from "./account_documents.ts";
import {
  fromUser,
  PUBLIC_FIELDS,
  type PublicUserDocument,
  toKnownUser,
  toPublicUser,
  toUser,
  type UserDocument,
} from "./user_documents.ts";
import { isDuplicateKey } from "./errors.ts";
import { namedBy } from "./name_words.ts";
import type { Operations } from "./operations.ts";

/** Times that an avatar is replaced while others replace it. */
const MAX_TRIES = 20;

export class MongoUsers implements UserStore {
  readonly #users: Collection<UserDocument>;
  readonly #meta: Collection<MetaDocument>;
  readonly #readOptions: ReadOptions;
  readonly #operations: Operations;

  constructor({ users, meta, readOptions }: Collections, operations: Operations) {
    this.#readOptions = readOptions;
    this.#users = users;
    this.#meta = meta;
    this.#operations = operations;
  }

  create(user: User): Promise<void> {
    return this.#operations.run(() => this.#insert(user));
  }

  createFirst(user: User): Promise<boolean> {
    return this.#operations.run(async () => {
      if (await this.#users.findOne({}, { projection: { _id: 1 } })) return false;
      try {
        await this.#meta.insertOne({ _id: "first user", userId: user.id });
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
      await this.#insert(user);
      return true;
    });
  }

  find(id: string): Promise<User | null> {
    return this.#findOne({ _id: id });
  }

  findByEmail(email: string): Promise<User | null> {
    return this.#findOne({ email });
  }

  findPublic(ids: readonly string[]): Promise<PublicUser[]> {
    return this.#operations.run(async () => {
      const users = await this.#users
        .find<PublicUserDocument>({ _id: { $in: [...ids] } }, { projection: PUBLIC_FIELDS })
        .toArray();
      return users.map((user) => toPublicUser(user._id, [user]));
    });
  }

  update(id: string, changes: ProfileChanges, updatedAt: Date): Promise<UpdatedUser | null> {
    return this.#operations.run(async () => {
      if (changes.avatarUrl === undefined) {
        const user = await this.#update({ _id: id }, changes, updatedAt);
        return user && { user, previousAvatarUrl: user.avatarUrl };
      }
      // Not all servers that speak MongoDB's protocol return exactly what an update has replaced.
      for (let i = 0; i < MAX_TRIES; i++) {
        const found = await this.#users.findOne({ _id: id }, { projection: { avatarUrl: 1 } });
        if (!found) return null;
        const { avatarUrl } = found;
        const user = await this.#update({ _id: id, avatarUrl }, changes, updatedAt);
        if (user) return { user, previousAvatarUrl: avatarUrl };
      }
      throw unavailable("The profile is changed too often at once.");
    });
  }

  setRole(id: string, role: InstanceRole): Promise<boolean> {
    return this.#operations.run(async () => {
      const $addToSet = { pending: markOf(id, "profile", newId()) };
      const { matchedCount } = role === "admin"
        ? await this.#users.updateOne({ _id: id, ...notBanned() }, { $set: { role }, $addToSet })
        : await this.#users.updateOne({ _id: id }, { $unset: { role: "" }, $addToSet });
      return matchedCount === 1;
    });
  }

  setBan(id: string, ban: Restriction | null): Promise<boolean> {
    return this.#operations.run(async () => {
      const { matchedCount } = ban
        ? await this.#users.updateOne({ _id: id, role: { $ne: "admin" } }, { $set: { ban } })
        : await this.#users.updateOne({ _id: id }, { $unset: { ban: "" } });
      return matchedCount === 1;
    });
  }

  admins(): Promise<string[]> {
    return this.#operations.run(async () => {
      const admins = await this.#users.find({ role: "admin" }, { projection: { _id: 1 } })
        .toArray();
      return admins.map(({ _id }) => _id);
    });
  }

  search(words: readonly string[], limit: number, withBanned: boolean): Promise<KnownUser[]> {
    return this.#operations.run(async () => {
      if (words.length === 0) return [];
      const users = await this.#users
        .find({ $and: [namedBy(words), withBanned ? {} : notBanned()] }, {
          projection: { ...PUBLIC_FIELDS, role: 1, ban: 1 },
          limit,
          batchSize: limit + 1,
          maxTimeMS: this.#readOptions.maxTimeMS,
        })
        .toArray();
      return users.map(toKnownUser);
    });
  }

  list(after: string, limit: number): Promise<PublicUser[]> {
    return this.#operations.run(async () => {
      const users = await this.#users
        .find<PublicUserDocument>({ _id: { $gt: after } }, {
          ...this.#readOptions,
          projection: PUBLIC_FIELDS,
        })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray();
      return users.map((user) => toPublicUser(user._id, [user]));
    });
  }

  /** @returns the user as they are now; null if none matches the filter */
  async #update(
    filter: { _id: string; avatarUrl?: string | null },
    changes: ProfileChanges,
    updatedAt: Date,
  ): Promise<User | null> {
    const user = await this.#users.findOneAndUpdate(
      filter,
      {
        $set: { ...changes, ...wordsOf(changes), updatedAt },
        $addToSet: { pending: markOf(filter._id, "profile", newId()) },
      },
      { returnDocument: "after" },
    );
    return user && toUser(user);
  }

  async #insert(user: User): Promise<void> {
    try {
      await this.#users.insertOne(fromUser(user));
    } catch (error) {
      if (!isDuplicateKey(error, "email")) throw error;
      throw new ChatError("email_taken", "An account with this email exists already.");
    }
  }

  #findOne(filter: { _id: string } | { email: string }): Promise<User | null> {
    return this.#operations.run(async () => {
      const user = await this.#users.findOne(filter);
      return user && toUser(user);
    });
  }
}

/** Matches those who are not banned now. */
function notBanned(): Document {
  return { $or: [{ ban: null }, { "ban.until": { $lte: new Date() } }] };
}

function wordsOf({ displayName }: ProfileChanges): Partial<UserDocument> {
  return displayName === undefined ? {} : { words: nameWords(displayName) };
}
