/** Ordinals of messages that an instance of version 1 has appended after the migration. */
import { getLogger } from "@logtape/logtape";
import type { Collection } from "mongodb";
import { unavailable } from "../../../domain/errors.ts";
import {
  type EntryDocument,
  POSITION,
  type PositionDocument,
  toPosition,
} from "./entry_documents.ts";

const logger = getLogger(["echoroom", "migration"]);

/** Each attempt repairs an entry, and an instance of version 1 may append another meanwhile. */
const MAX_ATTEMPTS = 10;

/**
 * Returns what `read` finds in rooms' logs, once none of it lacks an ordinal.
 * @throws ChatError `unavailable` if an instance of version 1 appends faster than is repaired
 */
export async function readWithOrdinals<T extends { n: number; roomId: string }>(
  messages: Collection<EntryDocument>,
  read: () => Promise<T[]>,
): Promise<T[]> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const documents = await read();
    const lacking = documents.filter(({ n }) => n === undefined);
    if (lacking.length === 0) return documents;
    for (const roomId of new Set(lacking.map((each) => each.roomId))) {
      await repairOrdinals(messages, roomId);
    }
  }
  throw unavailable("The room's log lacks ordinals.");
}

/**
 * Gives the room's entries the ordinals that they lack: the unique index admits one such entry at a
 * time. No entry follows it before, because an append needs its basis' ordinal.
 */
async function repairOrdinals(
  messages: Collection<EntryDocument>,
  roomId: string,
): Promise<void> {
  logger.warning(
    "An EchoRoom of an earlier version has written to room {roomId}: stop all such instances",
    { roomId },
  );
  const entry = await messages.findOne({ roomId, n: { $exists: false } }, {
    projection: { seq: 1 },
  });
  if (!entry) return;
  const before = { roomId, seq: entry.seq - 1 };
  const previous = await messages.findOne<PositionDocument>(before, { projection: POSITION });
  const n = (previous ? toPosition(previous).n : 0) + 1;
  await messages.updateOne({ _id: entry._id, n: { $exists: false } }, { $set: { n } });
}
