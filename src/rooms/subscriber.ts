/** What a room needs of a socket that is in it. */
import type { RemovalReason } from "../domain/account.ts";

/** UTF-16 units that are gathered for one frame; more goes out at once. */
export const MAX_FRAME_LENGTH = 256 * 1024;

export interface Subscriber {
  /** The user that it speaks for; null before it has identified itself. */
  readonly userId: string | null;
  /** Whether its user is an admin; false if missing. */
  readonly isAdmin?: boolean | undefined;
  /** Whether it may be sent to; false from the decision to close it. */
  readonly open: boolean;
  /** Whether it takes arrays of events. */
  readonly batching: boolean;
  /** Whether so much waits unsent that long answers should wait. */
  readonly congested: boolean;
  /** Sends a frame's text, or closes a reader that is too slow. */
  send(text: string): void;
  /**
   * Sends several events.
   * @param inside their texts, separated by commas
   * @param frame what the frame is if nothing else goes into it
   */
  sendBatch(inside: string, frame: string): void;
  /** It was taken out of a room, whose entries it gets no more. */
  removed(roomId: string, reason: RemovalReason): void;
  /** Resolves when it makes sense to look at `congested` again. */
  drain(): Promise<void>;
}
