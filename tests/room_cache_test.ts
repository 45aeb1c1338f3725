/** What the directory remembers of rooms, and when it asks again. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import { RoomDirectory } from "../src/services/room_cache.ts";
import type { Room } from "../src/domain/room.ts";
import type { Store } from "../src/ports/store/store.ts";

const ADA = { id: "ada", displayName: "Ada", avatarUrl: null };

class TestBus extends InProcessBus {
  interrupt(): void {
    this.listeners.notify({ kind: "interrupted" }, this.instanceId);
  }
}

/** A directory over a store that holds one room, and how often the store was asked. */
function openDirectory() {
  const room: Room = {
    id: "room-id",
    name: "General",
    slug: "general",
    description: null,
    createdBy: ADA,
    lastSeq: 1,
    createdAt: new Date(),
    updatedAt: new Date(),
  };
  const asked: string[] = [];
  const rooms: Pick<Store["rooms"], "find"> = {
    find(idOrSlug) {
      asked.push(idOrSlug);
      const known = idOrSlug === room.id || idOrSlug === room.slug;
      return Promise.resolve(known ? { ...room } : null);
    },
  };
  const bus = new TestBus();
  return { directory: new RoomDirectory({ rooms } as Store, bus), bus, room, asked };
}

Deno.test("a room is asked for once by each of its names", async () => {
  const { directory, room, asked } = openDirectory();
  for (const name of ["general", room.id, "general", room.id]) {
    assert.equal((await directory.find(name)).id, room.id);
    assert.equal(await directory.idOf(name), room.id);
  }
  assert.deepEqual(asked, ["general", room.id]);
});

Deno.test("a room that does not exist is asked for again: it may be made at any time", async () => {
  const { directory, asked } = openDirectory();
  await assert.rejects(directory.find("later"), { code: "room_not_found" });
  await assert.rejects(directory.idOf("later"), { code: "room_not_found" });
  assert.deepEqual(asked, ["later", "later"]);
});

Deno.test("a room whose creator has changed their profile is read anew", async () => {
  const { directory, bus, room } = openDirectory();
  await directory.find("general");
  room.createdBy = { ...ADA, displayName: "Countess Ada" };
  bus.publish({ kind: "profile_changed", user: room.createdBy });
  assert.equal((await directory.find("general")).createdBy.displayName, "Countess Ada");
});

Deno.test("a room that was asked for before its creator's change is not remembered as it was", async () => {
  const { directory, bus, room } = openDirectory();
  const asked = directory.find("general");
  room.createdBy = { ...ADA, displayName: "Countess Ada" };
  bus.publish({ kind: "profile_changed", user: room.createdBy });
  await asked;
  assert.equal((await directory.find("general")).createdBy.displayName, "Countess Ada");
});

Deno.test("after the bus was interrupted rooms are read anew, their ids are kept", async () => {
  const { directory, bus, asked } = openDirectory();
  await directory.find("general");
  bus.interrupt();
  await directory.idOf("general");
  await directory.find("general");
  assert.deepEqual(asked, ["general", "general"]);
});
