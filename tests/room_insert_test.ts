/** Rooms that the MongoDB store inserts while its driver does not answer. */
import assert from "node:assert/strict";
import type { Collections } from "../src/adapters/store/mongodb/collections.ts";
import { type RoomDocuments, RoomInsert } from "../src/adapters/store/mongodb/room_insert.ts";
import type { RoomDocument } from "../src/adapters/store/mongodb/room_documents.ts";
import { HANG_LIMITS } from "./harness/deadline.ts";

Deno.test("an insertion of rooms that the driver never ends holds up no others", async () => {
  const answers = [new Promise(() => {}), Promise.resolve()].values();
  const rooms = { insertMany: () => answers.next().value };
  const limits = { ...HANG_LIMITS, driver: 10 };
  const inserts = new RoomInsert({ rooms, limits } as unknown as Collections);
  const insert = (id: string) => inserts.insert(roomOf(id));
  await assert.rejects(insert("one"), { code: "unavailable" });
  assert.equal(await insert("other"), true);
});

function roomOf(id: string): RoomDocuments {
  return { room: { _id: id } as RoomDocument, opening: [], members: [] };
}
