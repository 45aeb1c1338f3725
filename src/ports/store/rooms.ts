/** The port of rooms. */
import type { EntryDraft } from "../../domain/entry.ts";
import type { NewRoom, Room } from "../../domain/room.ts";

/** See {@linkcode Store} for the guarantees of every method. */
export interface RoomStore {
  /**
   * Adds a room, its creator as its owner, and `opening` as entry 1 of its log: no reader sees one
   * without the other.
   * Returns false, and adds nothing, if another room has the slug, however close the race.
   */
  create(room: NewRoom, opening: EntryDraft): Promise<boolean>;
  /** Finds by id, then by slug. */
  find(idOrSlug: string): Promise<Room | null>;
  /** The same without the end of its log, which some stores have to search for. */
  describe(idOrSlug: string): Promise<NewRoom | null>;
  /** Those of these slugs that a room has. */
  takenSlugs(slugs: string[]): Promise<string[]>;
  /**
   * The public rooms and the private ones of a user, in order of name (by code point), then id.
   * @param after the last room of the page before
   */
  list(userId: string, limit: number, after?: { name: string; id: string }): Promise<Room[]>;
}
