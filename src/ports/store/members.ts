/** The port of memberships, and of how far members have read. */
import type {
  Member,
  Membership,
  Preferences,
  ReadMove,
  Restricted,
  Role,
  Standing,
  Unread,
} from "../../domain/membership.ts";
import type { RoomRules } from "../../domain/room.ts";

/** See {@linkcode Store} for the guarantees of every method. */
export interface MemberStore {
  /**
   * Makes a user a plain member of a public room who has read all there is, without an entry. Nothing
   * changes if they are one already or banned, or if the room is not public.
   */
  join(roomId: string, userId: string): Promise<void>;
  /**
   * Ends a plain membership without an entry; that of moderators and owners stays.
   * @returns whether they are no member now
   */
  leave(roomId: string, userId: string): Promise<boolean>;
  /**
   * What decides what these users may do in a room, with every entry of the log applied that was
   * committed before the call; null if there is no such room.
   */
  standings(roomId: string, userIds: readonly string[]): Promise<Standings | null>;
  /** The members in the order in which they joined, then of their ids; see `MemberQuery`. */
  list(roomId: string, query: MemberQuery): Promise<Member[]>;
  /** The ids of at most `limit` rooms in which the user is a moderator or an owner. */
  moderated(userId: string, limit: number): Promise<string[]>;
  /** One member; null if they are none. */
  get(roomId: string, userId: string): Promise<Member | null>;
  /**
   * Who is banned or muted now, in the order of their ids.
   * @param query `after` is the last user of the page before
   */
  restricted(
    roomId: string,
    kind: "ban" | "mute",
    query: { limit: number; after?: string | undefined },
  ): Promise<Restricted[]>;
  /** The user's memberships in those of these rooms in which they are a member. */
  find(userId: string, roomIds: readonly string[]): Promise<Map<string, Membership>>;
  /**
   * Moves how far a member has read: forward, or back if `back` is set. Else nothing changes.
   * @returns null if they are no member
   */
  setRead(roomId: string, userId: string, seq: number, back: boolean): Promise<ReadMove | null>;
  /**
   * Sets what a member wants of a room; what is left out stays.
   * @returns false if they are no member
   */
  setPreferences(roomId: string, userId: string, changes: Partial<Preferences>): Promise<boolean>;
  /** What a member has not read in these rooms, by the entries up to which they have read. */
  countUnread(userId: string, readSeqs: ReadonlyMap<string, number>): Promise<Map<string, Unread>>;
}

export interface Standings {
  rules: RoomRules;
  /** By user; of those whom the room knows nothing of there is none. */
  standings: Map<string, Standing>;
}

/** Which members are listed. */
export interface MemberQuery {
  limit: number;
  /** The last member of the page before. */
  after?: MemberCursor | undefined;
  role?: Role | undefined;
  /** Of names with a word that begins like this. */
  name?: string | undefined;
}

export interface MemberCursor {
  joinedAt: Date;
  userId: string;
}
