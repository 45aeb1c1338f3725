/** What concerns a user beyond the rooms' logs: items, of which each replaces the earlier one of its key. */
import type { Membership } from "./membership.ts";
import type { Room } from "./room.ts";
import type { User } from "./user.ts";

/** How a membership ended. */
export type RemovalReason = "kicked" | "banned" | "left" | "deleted";

/** One item of an account, as it is now. */
export type AccountItem = AccountState & {
  /** Its number in the account: numbers rise, and may skip. */
  seq: number;
};

export type AccountState =
  | { type: "room"; roomId: string; membership: Membership }
  | { type: "room_removed"; roomId: string; reason: RemovalReason }
  /** How far the user has read the room. */
  | { type: "read"; roomId: string; readSeq: number }
  /** The user themselves. */
  | { type: "profile" }
  | { type: "block"; userId: string; blocked: boolean };

/** An item with what it tells, as it is now. */
export type FullItem =
  & { seq: number; key: string }
  & (
    | { type: "room"; room: Room; membership: Membership }
    | { type: "room_removed"; roomId: string; reason: RemovalReason }
    | { type: "read"; roomId: string; readSeq: number }
    | { type: "profile"; user: User }
    | { type: "block"; userId: string; blocked: boolean }
  );

/** The least time between two numbers of a room's `read`, in milliseconds. */
export const READ_INTERVAL_MS = 1_000;

/** What an item is the newest of: `room:<id>`, `read:<id>`, `profile`, `block:<id>`. */
export function keyOf(item: AccountState): string {
  switch (item.type) {
    case "room":
    case "room_removed":
      return roomKey(item.roomId);
    case "read":
      return readKey(item.roomId);
    case "profile":
      return PROFILE_KEY;
    case "block":
      return blockKey(item.userId);
  }
}

export const PROFILE_KEY = "profile";

export function roomKey(roomId: string): string {
  return `room:${roomId}`;
}

export function readKey(roomId: string): string {
  return `read:${roomId}`;
}

export function blockKey(userId: string): string {
  return `block:${userId}`;
}
