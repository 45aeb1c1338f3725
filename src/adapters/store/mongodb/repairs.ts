/** Completes changes whose appenders died before they were applied, also where nobody reads. */
import type { Collection } from "mongodb";
import pLimit from "p-limit";
import type { Collections } from "./collections.ts";
import type { RoomDocument } from "./room_documents.ts";
import { MemberCounts } from "./member_counts.ts";
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
  readonly #counts: MemberCounts;
  readonly #operations: Operations;
  /** The last room of the last run; empty at the beginning of a round. */
  #last = "";

  constructor(collections: Collections, changes: Changes, operations: Operations) {
    this.#rooms = collections.rooms;
    this.#counts = new MemberCounts(collections);
    this.#changes = changes;
    this.#operations = operations;
  }

  /**
   * Repairs the next rooms. May run on several instances at once.
   * @throws ChatError `unavailable`
   */
  async run(): Promise<void> {
    const rooms = await this.#operations.run(() => this.#nextRooms());
    // First: a room that cannot be repaired must not keep those after it from it.
    this.#last = rooms.length < ROOMS_IN_A_RUN ? "" : rooms.at(-1)!._id;
    await pLimit(ROOMS_AT_ONCE).map(rooms, (room) => {
      return this.#operations.run(async () => {
        await this.#changes.messages.settleRoom(room._id);
        await this.#changes.rooms.settle(room._id);
        await this.#counts.repair(room);
      });
    });
  }

  async #nextRooms(): Promise<Pick<RoomDocument, "_id" | "counting">[]> {
    return await this.#rooms
      .find(
        { _id: { $gt: this.#last } },
        { projection: { counting: 1 }, batchSize: ROOMS_IN_A_RUN + 1 },
      )
      .sort({ _id: 1 })
      .limit(ROOMS_IN_A_RUN)
      .toArray();
  }
}
