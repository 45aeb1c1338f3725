/** Repairs of the MongoDB store: what a process that died has left is completed without any reader. */
import assert from "node:assert/strict";
import type { Collections } from "../src/adapters/store/mongodb/collections.ts";
import type { RoomDocument } from "../src/adapters/store/mongodb/room_documents.ts";
import type { MongoStore } from "../src/adapters/store/mongodb/store.ts";
import { edit } from "./conformance/store/change_drafts.ts";
import { roomWithMessages } from "./conformance/store/changes.ts";
import { range, write } from "./conformance/store/fixtures.ts";
import { HANG_LIMITS } from "./harness/deadline.ts";
import { allOf, onOwnStore, openStore } from "./harness/mongodb_database.ts";
import { startServer } from "./harness/server.ts";
import { until } from "./harness/stage.ts";

const DYING_DELETION = new URL("./harness/dying_deletion.ts", import.meta.url);
const CONFIG = new URL("../deno.json", import.meta.url);

interface Scene {
  uri: string;
  store: MongoStore;
  collections: Collections;
  roomId: string;
}

testScene("a deletion whose process was killed is completed by any server", async (scene) => {
  const server = await startServer({ MONGODB_URI: scene.uri, BUS: "memory" });
  try {
    await until(async () => !await holds(scene, "Secret"), "the text is gone");
  } finally {
    await server.stop();
  }
  assert.equal(await pendingCount(scene), 0);
});

testScene("of many rooms each run repairs a part, and in turn all", async (scene) => {
  const { collections, store, roomId } = scene;
  const room = await collections.rooms.findOne({ _id: roomId });
  // In the order of ids these come before the room's own.
  const others = range(1, 250).map((i): RoomDocument => {
    return { ...room!, _id: `!${i}`, slug: `other-${i}` };
  });
  await collections.rooms.insertMany(others);
  await store.repair();
  assert.equal(await pendingCount(scene), 1);
  await store.repair();
  assert.equal(await pendingCount(scene), 0);
  assert.ok(!await holds(scene, "Secret"));
});

testScene(
  "a deletion whose process was killed counts nowhere among several rooms",
  async (scene) => {
    const { store, roomId } = scene;
    const { roomId: other } = await roomWithMessages(store, 2);
    const counts = await store.members.countUnread("none", new Map([[other, 1], [roomId, 1]]));
    assert.equal(counts.get(other)?.unread, 2);
    assert.equal(counts.get(roomId)?.unread, 0);
  },
);

testScene("several instances may repair the same at once", async (scene) => {
  const others = await Promise.all([
    openStore(scene.uri, HANG_LIMITS),
    openStore(scene.uri, HANG_LIMITS),
  ]);
  await Promise.all([scene.store, ...others].map((store) => store.repair()));
  await Promise.all(others.map((store) => store.close()));
  assert.equal(await pendingCount(scene), 0);
  assert.ok(!await holds(scene, "Secret"));
});

/** Registers a test of a room with an edited message, whose deletion died between its writes. */
function testScene(sentence: string, run: (scene: Scene) => Promise<void>): void {
  Deno.test(`MongoDB: ${sentence}`, () =>
    onOwnStore(async ({ uri, store, collections }) => {
      const { roomId, messages: [message] } = await roomWithMessages(store, 1);
      const [first] = await write(store, roomId, edit(message!, { text: "First Secret" }));
      await write(store, roomId, edit(first!.message, { text: "Second Secret" }));
      const args = ["run", "--allow-all", "--no-check", "--config", CONFIG.pathname];
      const ended = await new Deno.Command(Deno.execPath(), {
        args: [...args, DYING_DELETION.href, uri, roomId, message!.id],
      }).output();
      assert.equal(ended.signal, "SIGKILL", new TextDecoder().decode(ended.stderr));
      const scene = { uri, store, collections, roomId };
      // The server may still do what it was sent; a text may be where it was not looked for yet.
      await until(async () => await pendingCount(scene) === 1, "the deletion has begun");
      for (const text of ["First Secret", "Second Secret"]) {
        await until(() => holds(scene, text), `${text} is there`);
      }
      await run(scene);
    }));
}

/** Whether a document of any collection holds the text. */
async function holds({ collections }: Scene, text: string): Promise<boolean> {
  const documents = await Promise.all(
    allOf(collections).map((collection) => collection.find().toArray()),
  );
  return JSON.stringify(documents).includes(text);
}

function pendingCount({ collections, roomId }: Scene): Promise<number> {
  return collections.messages.countDocuments({ roomId, keys: "pending" });
}
