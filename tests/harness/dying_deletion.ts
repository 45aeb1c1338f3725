/**
 * Deletes a message on MongoDB, in a process that is killed once the deletion is in the log, before it
 * is applied to the message. Its arguments are the URI, the room's id and the message's.
 */
import { collectionsOf } from "../../src/adapters/store/mongodb/collections.ts";
import { connect } from "../../src/adapters/store/mongodb/connection.ts";
import { EntryReader } from "../../src/adapters/store/mongodb/entry_reader.ts";
import { MongoLog } from "../../src/adapters/store/mongodb/log.ts";
import { LogEnds } from "../../src/adapters/store/mongodb/log_ends.ts";
import { Operations } from "../../src/adapters/store/mongodb/operations.ts";
import { PendingChanges } from "../../src/adapters/store/mongodb/pending_changes.ts";
import { RoomChanges } from "../../src/adapters/store/mongodb/room_changes.ts";
import { deletion } from "../conformance/store/change_drafts.ts";
import { HANG_LIMITS } from "./deadline.ts";

class KilledBeforeApply extends PendingChanges {
  override apply(): Promise<void> {
    Deno.kill(Deno.pid, "SIGKILL");
    return Promise.withResolvers<void>().promise;
  }
}

const [uri, roomId, messageId] = Deno.args as [string, string, string];
const { db } = await connect(uri, HANG_LIMITS);
const collections = collectionsOf(db, HANG_LIMITS);
const changes = new KilledBeforeApply(collections);
const reader = new EntryReader(collections, changes);
const ends = new LogEnds(collections);
const all = { messages: changes, rooms: new RoomChanges(collections) };
const log = new MongoLog(collections, reader, all, ends, new Operations(HANG_LIMITS));
const basis = await log.end(roomId);
const [message] = await reader.messages(roomId, { _id: messageId });
await log.append(roomId, basis, [deletion(message!, message!.sender)]);
