/** The rooms that one socket is in, and how many it may be in. */
import { ChatError } from "../domain/errors.ts";
import { MAX_ROOMS_PER_SOCKET } from "../protocol/wire/limits.ts";

export class JoinedRooms {
  /** Whether the socket is in them, or about to be. */
  readonly #rooms = new Map<string, "joined" | "joining">();

  /**
   * Does what lets the socket join a room, and may call `add`.
   * @throws ChatError `limit_reached` if the socket may be in no more rooms; what `work` throws
   */
  async join(roomId: string, work: () => Promise<void>): Promise<void> {
    if (!this.#rooms.has(roomId)) {
      if (this.#rooms.size >= MAX_ROOMS_PER_SOCKET) {
        throw new ChatError("limit_reached", `A socket may be in ${MAX_ROOMS_PER_SOCKET} rooms.`);
      }
      this.#rooms.set(roomId, "joining");
    }
    try {
      await work();
    } finally {
      if (this.#rooms.get(roomId) === "joining") this.#rooms.delete(roomId);
    }
  }

  /** The socket is in the room now. */
  add(roomId: string): void {
    this.#rooms.set(roomId, "joined");
  }

  delete(roomId: string): void {
    this.#rooms.delete(roomId);
  }

  /** Ids of the rooms that the socket is in. */
  *[Symbol.iterator](): IterableIterator<string> {
    for (const [roomId, state] of this.#rooms) if (state === "joined") yield roomId;
  }
}
