/** The port of rooms. */
import type { CreatedDraft } from "../../domain/entry.ts";
import type { NewRoom, Room } from "../../domain/room.ts";

/** See {@linkcode Store} for the guarantees of every method. */
export interface RoomStore {
  /**
   * Adds a room, its members and `opening` as the first entries of its log: no reader sees one
   * without the others. Its creator is the owner, and `opening` says who else is a member; of a
   * direct room its `members` are.
   * Returns false, and adds nothing, if another room has the slug, or is the direct room of the two,
   * however close the race.
   * @param opening at least one draft
   */
  create(room: NewRoom, opening: readonly CreatedDraft[]): Promise<boolean>;
  /** Finds by id, then by slug. */
  find(idOrSlug: string): Promise<Room | null>;
  /** The same without the end of its log, which some stores have to search for. */
  describe(idOrSlug: string): Promise<NewRoom | null>;
  /** Those of these rooms that exist, in any order, likewise without the ends of their logs. */
  describeAll(ids: readonly string[]): Promise<NewRoom[]>;
  /** The direct room of two users. */
  findDirect(userIds: readonly [string, string]): Promise<Room | null>;
  /** Those of these rooms that exist, in any order. */
  findAll(ids: readonly string[]): Promise<Room[]>;
  /** Those of these slugs that a room has. */
  takenSlugs(slugs: string[]): Promise<string[]>;
  /** A page of the rooms that a user may list, as they are listed. */
  list(userId: string, query: RoomQuery): Promise<Room[]>;
}

/** Which rooms are listed, and in which order. */
export interface RoomQuery {
  limit: number;
  /**
   * The rooms in which the user is a member, but those that they have hidden; else all public rooms,
   * and the private ones in which they are a member.
   */
  own?: boolean;
  /** Archived rooms, else the others. */
  archived?: boolean;
  /**
   * By name (by code point), then id; or the last active first, then by id, the greatest first, which
   * is of own rooms alone.
   */
  order?: "name" | "activity";
  /** The last room of the page before. */
  after?: RoomCursor | undefined;
}

/** A room's place in an order; `lastMessageAt` is needed in that of activity alone. */
export type RoomCursor = Pick<Room, "id" | "name"> & Partial<Pick<Room, "lastMessageAt">>;
