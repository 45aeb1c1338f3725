/** Inserts rooms, each with its members and the first entries of its log, with one command at a time. */
import type { Collection } from "mongodb";
import { Batcher } from "../../../async/batcher.ts";
import { unavailable } from "../../../domain/errors.ts";
import type { Collections } from "./collections.ts";
import type { MemberDocument } from "./member_documents.ts";
import type { RoomDocument } from "./room_documents.ts";
import type { EntryDocument, MessageDocument } from "./entry_documents.ts";
import { insertNew } from "./inserts.ts";
import { type Expiring, takeExpired } from "./expiry.ts";
import { inTime, type TimeLimits } from "./time_limits.ts";

/** Rooms in one command; what is more waits for the next. */
const MAX_GROUP = 100;

/** A room, and what nobody may see it without. */
export interface RoomDocuments {
  room: RoomDocument;
  opening: MessageDocument[];
  members: MemberDocument[];
}

interface Insert extends Expiring, RoomDocuments {
  resolve(inserted: boolean): void;
  reject(error: unknown): void;
}

/**
 * Rooms that are asked for while a command is under way go into the next: a thousand rooms at once
 * would take all of the connections that appends need.
 */
export class RoomInsert {
  readonly #rooms: Collection<RoomDocument>;
  readonly #messages: Collection<EntryDocument>;
  readonly #members: Collection<MemberDocument>;
  readonly #limits: TimeLimits;
  readonly #inserts = new Batcher<Insert>((waiting) => this.#insertNext(waiting));

  constructor({ rooms, messages, members, limits }: Collections) {
    this.#rooms = rooms;
    this.#messages = messages;
    this.#members = members;
    this.#limits = limits;
  }

  /**
   * Whether the room is there, once a majority has it, its members and its opening; else another has
   * its slug, or is of the same two users.
   */
  insert(documents: RoomDocuments): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#inserts.add({
        ...documents,
        expiresAt: performance.now() + this.#limits.turn,
        resolve,
        reject,
      });
    });
  }

  async #insertNext(waiting: Insert[]): Promise<void> {
    for (const { reject } of takeExpired(waiting)) {
      reject(unavailable("The store does not answer now."));
    }
    const group = waiting.splice(0, MAX_GROUP);
    if (group.length === 0) return;
    try {
      // Others wait for their turn, and the driver may wait for ever: see `TimeLimits`.
      const lost = await inTime(this.#insertGroup(group), this.#limits.driver);
      for (const insert of group) insert.resolve(!lost.includes(insert));
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  /** @returns those whose slug another room has, or which are of two users who have one */
  async #insertGroup(group: readonly RoomDocuments[]): Promise<RoomDocuments[]> {
    // Entries and members go first: without its room neither can be found, while a room without
    // them would be seen. If the slug is taken they stay behind, for the next attempt with this id.
    await Promise.all([
      insertNew(this.#messages, group.flatMap(({ opening }) => opening)),
      insertNew(this.#members, group.flatMap(({ members }) => members)),
    ]);
    const refused = await insertNew(this.#rooms, group.map(({ room }) => room));
    // An earlier attempt whose outcome was unknown may have been this very room.
    const stored = await this.#stored([...refused].map((i) => group[i]!.room._id));
    const lost = group.filter(({ room }, i) => refused.has(i) && !stored.has(room._id));
    await this.#forget(lost.filter(({ room }) => room.pair !== undefined));
    return lost;
  }

  /** Deletes what was written for direct rooms that others have created: it is not tried again. */
  async #forget(lost: readonly RoomDocuments[]): Promise<void> {
    if (lost.length === 0) return;
    const entries = lost.flatMap(({ opening }) => opening.map(({ _id }) => _id));
    const members = lost.flatMap((each) => each.members.map(({ _id }) => _id));
    await Promise.all([
      this.#messages.deleteMany({ _id: { $in: entries } }),
      this.#members.deleteMany({ _id: { $in: members } }),
    ]);
  }

  async #stored(ids: string[]): Promise<Set<string>> {
    if (ids.length === 0) return new Set();
    const rooms = await this.#rooms.find({ _id: { $in: ids } }, { projection: { _id: 1 } })
      .toArray();
    return new Set(rooms.map(({ _id }) => _id));
  }
}
