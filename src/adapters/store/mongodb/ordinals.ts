/** Ordinals of messages that an instance of version 1 has appended after the migration. */
import { getLogger } from "@logtape/logtape";
import type { Collection } from "mongodb";
import type { MessageDocument } from "./documents.ts";

const logger = getLogger(["echoroom", "migration"]);

/** Whether version 1, which has no ordinals, has written one of these. */
export function lackOrdinals(documents: readonly Partial<Pick<MessageDocument, "n">>[]): boolean {
  return documents.some(({ n }) => n === undefined);
}

/**
 * Gives the room's entries the ordinals that they lack: the unique index admits one such entry at a
 * time. No entry follows it before, because an append needs its basis' ordinal.
 */
export async function repairOrdinals(
  messages: Collection<MessageDocument>,
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
  const previous = await messages.findOne(before, { projection: { n: 1 } });
  const n = (previous?.n ?? 0) + 1;
  await messages.updateOne({ _id: entry._id, n: { $exists: false } }, { $set: { n } });
}
