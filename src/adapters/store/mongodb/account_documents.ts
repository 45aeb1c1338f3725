/** The documents of accounts' streams and blocks, and marks of what has no number in a stream yet. */

/** What keeps marks of changes whose items of the account's stream have no number yet. */
export interface Pending {
  /** As `markOf` makes them. */
  pending?: string[];
}

/** An entry of an account's stream. */
export interface AccountItemDocument {
  /** The user's id and `seq`. */
  _id: string;
  userId: string;
  seq: number;
  /** As `keyOf` an item. */
  key: string;
  numberedAt: Date;
  /** Set once a later entry of the key is there; an hour later it goes. */
  replacedAt?: Date;
}

/** A user whom another has blocked; lifted, it stays until the account has the item of that. */
export interface BlockDocument extends Pending {
  /** The ids of both. */
  _id: string;
  userId: string;
  blockedId: string;
  /** False once it is lifted. */
  isOn: boolean;
  createdAt: Date;
}

export function blockId(userId: string, blockedId: string): string {
  return `${userId} ${blockedId}`;
}

/**
 * A mark of a change in a document of this user; `change` tells it from those of other changes. Of a
 * read position that a new membership has `reset` only who has an item of it needs to know.
 */
export function markOf(
  userId: string,
  kind: "room" | "read" | "reset" | "profile" | "block",
  change: string,
): string {
  return `${userId} ${kind} ${change}`;
}
