/** The numbers of members that rooms carry, which no transaction keeps in step with the members. */
import type { Collection, Filter } from "mongodb";
import { newId } from "../../../domain/id.ts";
import type { Collections } from "./collections.ts";
import { IS_MEMBER, type MemberDocument } from "./member_documents.ts";
import type { RoomDocument } from "./room_documents.ts";

/** A change of members takes less. After that long its process has died, and it is not counted by itself any more. */
const STALE_MS = 60_000;
/** Announced where the number of members is known to be outdated. */
const OUTDATED = "0";
/** A room in which members change meanwhile is counted again in the next round of the repairs. */
const ATTEMPTS = 3;

/**
 * A change of members is announced in the room before it is made, and counted with the write that takes
 * the announcement out. One that stays is of a process that has died: then the members are counted.
 */
export class MemberCounts {
  readonly #members: Collection<MemberDocument>;
  readonly #rooms: Collection<RoomDocument>;

  constructor({ members, rooms }: Pick<Collections, "members" | "rooms">) {
    this.#members = members;
    this.#rooms = rooms;
  }

  /** @param make changes members, and returns by how much their number has changed */
  async change(roomId: string, make: () => Promise<number>): Promise<void> {
    const token = `${Date.now()} ${newId()}`;
    await this.#rooms.updateOne(
      { _id: roomId },
      { $addToSet: { counting: token }, $set: { countedLast: token } },
    );
    const difference = await make();
    const { matchedCount } = await this.#rooms.updateOne(
      { _id: roomId, counting: token },
      { $inc: { memberCount: difference }, $pull: { counting: token } },
    );
    if (matchedCount > 0 || difference === 0) return;
    // The members were counted meanwhile, perhaps before they were changed.
    await this.#rooms.updateOne({ _id: roomId }, { $addToSet: { counting: OUTDATED } });
  }

  /**
   * Counts the members of a room where a change was not counted.
   * @param room with what is announced in it
   */
  async repair(room: Pick<RoomDocument, "_id" | "counting">): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS && isUncounted(room); attempt++) {
      const read = await this.#rooms.findOne({ _id: room._id }, {
        projection: { counting: 1, countedLast: 1 },
      });
      if (!read || !isUncounted(read)) return;
      const { counting = [], countedLast } = read;
      const memberCount = await this.#members.countDocuments({ roomId: room._id, ...IS_MEMBER });
      // If no change has begun meanwhile, and none was under way.
      const isUnchanged = { counting, countedLast } as Filter<RoomDocument>;
      const { matchedCount } = counting.every(isStale)
        ? await this.#rooms.updateOne(
          { _id: room._id, ...isUnchanged },
          { $set: { memberCount, counting: [] } },
        )
        : { matchedCount: 0 };
      if (matchedCount > 0) return;
    }
  }
}

function isUncounted({ counting = [] }: Pick<RoomDocument, "counting">): boolean {
  return counting.some(isStale);
}

function isStale(token: string): boolean {
  return parseInt(token) < Date.now() - STALE_MS;
}
