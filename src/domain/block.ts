/** A user whom another wants nothing from. */
import type { PublicUser } from "./user.ts";

export interface Block {
  /** Who is blocked. */
  user: PublicUser;
  createdAt: Date;
}

/** How many users one may block. */
export const MAX_BLOCKS = 1_000;
