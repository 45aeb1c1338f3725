/** Who asks for something: the account and session that a request or a socket speaks for. */
import type { PublicUser } from "./user.ts";

export interface Actor {
  userId: string;
  sessionId: string;
  /** Whether they may do in public rooms what owners may; false if missing. */
  isAdmin?: boolean | undefined;
}

/** An actor whose profile is at hand, as the others in a room see it. */
export interface Participant extends Actor {
  user: Readonly<PublicUser>;
}
