/** The bus port: hints that one instance gives to all, itself included. */
import type { Entry } from "../domain/entry.ts";
import type { InstanceStatus } from "../domain/instance.ts";
import type { Mention } from "../domain/mention.ts";
import type { InstanceRole, PublicUser } from "../domain/user.ts";

export type BusEvent = RoomEvent | AccountEvent | InstanceEvent | Interrupted;

/** What concerns one room; only instances that follow the room need it. */
export type RoomEvent =
  /** These entries were appended to the room's log, in this order. */
  | { kind: "appended"; roomId: string; entries: Entry[] }
  /** The room's log reaches to `head` at least. */
  | { kind: "head_advanced"; roomId: string; head: number }
  /** The outcome of an append to the room is unknown: its log may have grown. */
  | { kind: "append_uncertain"; roomId: string }
  /** An append to the room lost several races: the other instances let it go first. */
  | { kind: "append_contended"; roomId: string }
  /** A user has become a member of the room without an entry that says so. */
  | { kind: "member_joined"; roomId: string; userId: string }
  /** A user types, or types no more on this instance (`stopped`), or on any (`ended`). */
  | { kind: "typing"; roomId: string; user: PublicUser; state: "started" | "stopped" | "ended" }
  /** A member of a direct or small private room has read up to entry `seq`, on or back. */
  | { kind: "read_moved"; roomId: string; userId: string; seq: number }
  /** All users with a socket in the room on this instance; the higher version is the newer list. */
  | { kind: "presence"; roomId: string; version: number; users: PublicUser[] };

/** What concerns one user; only instances that follow the user need it. */
export type AccountEvent =
  /** The user's account stream may have grown. */
  | { kind: "account_changed"; accountId: string }
  /** A message concerns the user. */
  | { kind: "mentioned"; accountId: string; mention: Mention };

/** What concerns every instance. */
export type InstanceEvent =
  /** A message concerns the members of its room; some, by their ids, are notified already. */
  | { kind: "everybody_mentioned"; mention: Mention; notified: string[] }
  /**
   * The instance lives. `versions` are those of its newest `presence`, for some of its rooms; `status`
   * is missing from releases before it, and from all but the first of several heartbeats at once.
   */
  | { kind: "alive"; versions: [roomId: string, version: number][]; status?: InstanceStatus }
  /** The instance has shut down gracefully. */
  | { kind: "instance_left" }
  /** Asks the instance `of`, or all, to publish their `presence` in these rooms, even if it is empty. */
  | { kind: "presence_wanted"; roomIds: string[]; of: string | null }
  /** A user is no member of the room any more, without an entry of its log; followed or not. */
  | { kind: "member_left"; leftRoomId: string; userId: string }
  /** A session was revoked: its sockets are to be closed. */
  | { kind: "session_revoked"; sessionId: string }
  /** A user was given a role on the server. */
  | { kind: "role_changed"; userId: string; role: InstanceRole }
  /** A user changed what others see of them. */
  | { kind: "profile_changed"; user: PublicUser };

/** Emitted by the bus itself: events of others may have been lost until now. It is never published. */
export interface Interrupted {
  kind: "interrupted";
}

/** @param from the id of the instance that published the event */
export type BusListener = (event: BusEvent, from: string) => void;

/**
 * Carries hints between instances. Each adapter passes `tests/conformance/bus.ts`.
 *
 * It may lose, repeat and reorder what it carries: listeners take an event as a hint about the
 * store, never as the truth itself. After an interruption that it notices it emits `interrupted`;
 * for losses that it does not notice listeners compare with the store periodically.
 */
export interface Bus {
  /** Which bus this is, for the start line. */
  readonly description: string;
  /** Tells this instance from all others, earlier and later ones included. */
  readonly instanceId: string;
  /** Whether events travel now, as far as is known. */
  readonly connected: boolean;
  /**
   * Tells every listener of every instance; those of this instance before it returns. Never throws
   * and never waits: an event that cannot be carried now is lost to the others.
   */
  publish(event: RoomEvent | AccountEvent | InstanceEvent): void;
  subscribe(listener: BusListener): void;
  /**
   * Asks for the events of a room or a user. Resolves once those published from now on arrive here, or when
   * that takes too long, a second at most; then `interrupted` follows once they do. Never rejects.
   */
  follow(id: string): Promise<void>;
  /** Asks for the events of a room or a user no more. */
  unfollow(id: string): void;
  /** Resolves if the bus can carry events now, else rejects with `unavailable`. */
  ping(): Promise<void>;
  /** Sends what was published, as far as that is possible at once, and ends. */
  close(): Promise<void>;
}
