/** Completes changes whose appenders died before they were applied, also where nobody reads. */
import type { Collection } from "mongodb";
import pLimit from "p-limit";
import type { Collections } from "./collections.ts";
import type { RoomDocument } from "./documents.ts";
import type { Operations } from "./operations.ts";
import type { Changes } from "./room_changes.ts";

const ROOMS_IN_A_RUN = 250;
/** Few, because nobody waits for them. */
const ROOMS_AT_ONCE = 2;

/**
 * Goes through all rooms, a part of them with each run, and asks for what is pending in each. To find
 * that without the rooms would take another index, which every send would have to write.
 */
export class Repairs {
  readonly #rooms: Collection<RoomDocument>;
  readonly #changes: Changes;
  readonly #operations: Operations;
  /** The last room of the last run; empty at the beginning of a round. */
  #last = "";

  constructor({ rooms }: Collections, changes: Changes, operations: Operations) {
    this.#rooms = rooms;
    this.#changes = changes;
    this.#operations = operations;
  }

  /**
   * Repairs the next rooms. May run on several instances at once.
   * @throws ChatError `unavailable`
   */
  async run(): Promise<void> {
    const ids = await this.#operations.run(() => this.#nextRooms());
    // First: a room that cannot be repaired must not keep those after it from it.
    this.#last = ids.length < ROOMS_IN_A_RUN ? "" : ids.at(-1)!;
    await pLimit(ROOMS_AT_ONCE).map(ids, (roomId) => {
      return this.#operations.run(async () => {
        await this.#changes.messages.settleRoom(roomId);
        await this.#changes.rooms.settle(roomId);
      });
    });
  }

  async #nextRooms(): Promise<string[]> {
    const rooms = await this.#rooms
      .find(
        { _id: { $gt: this.#last } },
        { projection: { _id: 1 }, batchSize: ROOMS_IN_A_RUN + 1 },
      )
      .sort({ _id: 1 })
      .limit(ROOMS_IN_A_RUN)
      .toArray();
    return rooms.map(({ _id }) => _id);
  }
}
