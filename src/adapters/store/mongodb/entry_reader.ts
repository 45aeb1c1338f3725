/** Reads entries and messages of rooms' logs, with their users, as the log has left them. */
import type { Collection, Document } from "mongodb";
import type { Entry } from "../../../domain/entry.ts";
import type { Message } from "../../../domain/message.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import {
  PUBLIC_FIELDS,
  type PublicUserDocument,
  type UserDocument,
  WITH_SENDER,
} from "./user_documents.ts";
import {
  type ChangeDocument,
  type EntryDocument,
  isChange,
  isMessage,
  type MessageDocument,
} from "./entry_documents.ts";
import { toChange, toCreation, toMessage, type View } from "./entry_views.ts";
import { readWithOrdinals } from "./ordinals.ts";
import type { PendingChanges } from "./pending_changes.ts";

export type EntryView = View<MessageDocument> | View<ChangeDocument>;

export class EntryReader {
  readonly #messages: Collection<EntryDocument>;
  readonly #users: Collection<UserDocument>;
  readonly #readOptions: ReadOptions;
  readonly #changes: PendingChanges;

  constructor({ messages, users, readOptions }: Collections, changes: PendingChanges) {
    this.#messages = messages;
    this.#users = users;
    this.#readOptions = readOptions;
    this.#changes = changes;
  }

  /** The documents as they are, whatever is pending. */
  read(roomId: string, match: Document, ...stages: Document[]): Promise<EntryView[]> {
    const pipeline = [{ $match: { ...match, roomId } }, ...stages, WITH_SENDER];
    return readWithOrdinals(this.#messages, () => {
      return this.#messages.aggregate<EntryView>(pipeline, this.#readOptions).toArray();
    });
  }

  async messages(roomId: string, match: Document, ...stages: Document[]): Promise<Message[]> {
    const views = (await this.read(roomId, match, ...stages)).filter(isMessage);
    return (await this.#changes.settle(roomId, views)).map(toMessage);
  }

  async entries(roomId: string, match: Document, ...stages: Document[]): Promise<Entry[]> {
    return await this.toEntries(roomId, await this.read(roomId, match, ...stages));
  }

  /** The entries of documents of a room, in their order. */
  async toEntries(roomId: string, views: readonly EntryView[]): Promise<Entry[]> {
    const changes = views.filter(isChange);
    const [changed, users] = await Promise.all([
      this.#changedMessages(roomId, changes),
      this.#usersOf(changes),
    ]);
    const ids = new Set(changed.map(({ _id }) => _id));
    const created = views.filter(isMessage).filter(({ _id }) => !ids.has(_id));
    const settled = await this.#changes.settle(roomId, [...created, ...changed]);
    const byId = new Map(settled.map((view) => [view._id, view]));
    return views.map((view) => {
      if (isMessage(view)) return toCreation(byId.get(view._id)!);
      return toChange(view, toMessage(byId.get(view.messageId)!), users);
    });
  }

  /** Read after their changes, so that they are no older. */
  async #changedMessages(
    roomId: string,
    changes: readonly ChangeDocument[],
  ): Promise<View<MessageDocument>[]> {
    if (changes.length === 0) return [];
    const ids = new Set(changes.map(({ messageId }) => messageId));
    return (await this.read(roomId, { _id: { $in: [...ids] } })).filter(isMessage);
  }

  /** Those whose reactions the entries have added or removed. */
  async #usersOf(changes: readonly ChangeDocument[]): Promise<Map<string, PublicUserDocument>> {
    const uses = changes.flatMap(({ added = [], removed = [] }) => [...added, ...removed]);
    if (uses.length === 0) return new Map();
    const ids = new Set(uses.map(({ userId }) => userId));
    const users = await this.#users
      .find<PublicUserDocument>(
        { _id: { $in: [...ids] } },
        { projection: PUBLIC_FIELDS, ...this.#readOptions },
      ).toArray();
    return new Map(users.map((user) => [user._id, user]));
  }
}
