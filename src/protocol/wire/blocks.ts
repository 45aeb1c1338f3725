/** Blocks as they go over the wire. */
import type { PublicUser } from "./users.ts";

/** A user whom one wants nothing from. */
export interface Block {
  /** As they are now. */
  user: PublicUser;
  /** ISO 8601, UTC. */
  createdAt: string;
}

/** A page of one's blocks. */
export interface BlocksPage {
  /** By the ids of the users. */
  blocks: Block[];
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}
