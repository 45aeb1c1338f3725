/** The rooms that one socket is in, and how many it may be in. */
import { ChatError } from "../domain/errors.ts";
import { MAX_ROOMS_PER_SOCKET } from "../protocol/wire/limits.ts";

export class JoinedRooms {
  readonly #joined = new Set<string>();
  /** Those that the socket is about to join. */
  readonly #joining = new Set<string>();

  /**
   * Does what lets the socket join a room, and may call `add`.
   * @throws ChatError `limit_reached` if the socket may be in no more rooms; what `work` throws
   */
  async join(roomId: string, work: () => Promise<void>): Promise<void> {
    if (!this.#joined.has(roomId)) {
      if (this.#joined.size + this.#joining.size >= MAX_ROOMS_PER_SOCKET) {
        throw new ChatError("limit_reached", `A socket may be in ${MAX_ROOMS_PER_SOCKET} rooms.`);
      }
      this.#joining.add(roomId);
    }
    try {
      await work();
    } finally {
      this.#joining.delete(roomId);
    }
  }

  /** The socket is in the room now. */
  add(roomId: string): void {
    this.#joining.delete(roomId);
    this.#joined.add(roomId);
  }

  delete(roomId: string): void {
    this.#joined.delete(roomId);
  }

  /** Ids of the rooms that the socket is in. */
  [Symbol.iterator](): SetIterator<string> {
    return this.#joined.values();
  }
}
