/** Accounts, in a collection of their own. */
import type { Collection } from "mongodb";
import { ChatError } from "../../../domain/errors.ts";
import { newId } from "../../../domain/id.ts";
import type { ProfileChanges, PublicUser, User } from "../../../domain/user.ts";
import type { UserStore } from "../../../ports/store/users.ts";
import {
  fromUser,
  markOf,
  PUBLIC_FIELDS,
  type PublicUserDocument,
  toPublicUser,
  toUser,
  type UserDocument,
} from "./documents.ts";
import { isDuplicateKey } from "./errors.ts";
import type { Operations } from "./operations.ts";

export class MongoUsers implements UserStore {
  readonly #users: Collection<UserDocument>;
  readonly #operations: Operations;

  constructor(users: Collection<UserDocument>, operations: Operations) {
    this.#users = users;
    this.#operations = operations;
  }

  create(user: User): Promise<void> {
    return this.#operations.run(async () => {
      try {
        await this.#users.insertOne(fromUser(user));
      } catch (error) {
        if (!isDuplicateKey(error, "email")) throw error;
        throw new ChatError("email_taken", "An account with this email exists already.");
      }
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

  update(id: string, changes: ProfileChanges, updatedAt: Date): Promise<User | null> {
    return this.#operations.run(async () => {
      const user = await this.#users.findOneAndUpdate(
        { _id: id },
        {
          $set: { ...changes, updatedAt },
          $addToSet: { pending: markOf(id, "profile", newId()) },
        },
        { returnDocument: "after" },
      );
      return user && toUser(user);
    });
  }

  #findOne(filter: { _id: string } | { email: string }): Promise<User | null> {
    return this.#operations.run(async () => {
      const user = await this.#users.findOne(filter);
      return user && toUser(user);
    });
  }
}
