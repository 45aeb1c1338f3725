/** What the cache holds of rooms, and when it reads them again. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import { RoomCache } from "../src/services/room_cache.ts";
import { OPEN_SETTINGS, type Room } from "../src/domain/room.ts";
import type { Store } from "../src/ports/store/store.ts";

const ADA = { id: "ada", displayName: "Ada", avatarUrl: null };

class TestBus extends InProcessBus {
  interrupt(): void {
    this.listeners.notify({ kind: "interrupted" }, this.instanceId);
  }
}

/** A cache over a store that holds one room, and how often the store was asked. */
function openCache() {
  const room: Room = {
    ...OPEN_SETTINGS,
    memberCount: 1,
    id: "room-id",
    name: "General",
    slug: "general",
    description: null,
    createdBy: ADA,
    lastSeq: 1,
    lastMessageAt: null,
    createdAt: new Date(),
    updatedAt: new Date(),
  };
  const asked: string[] = [];
  const find = (idOrSlug: string) => {
    asked.push(idOrSlug);
    const known = idOrSlug === room.id || idOrSlug === room.slug;
    return Promise.resolve(known ? { ...room } : null);
  };
  const rooms: Pick<Store["rooms"], "find" | "describe"> = { find, describe: find };
  const bus = new TestBus();
  return { cache: new RoomCache({ rooms } as Store, bus), bus, room, asked };
}

Deno.test("a room is looked up once for each of its names", async () => {
  const { cache, room, asked } = openCache();
  for (const name of ["general", room.id, "general", room.id]) {
    assert.equal((await cache.find(name)).id, room.id);
    assert.equal(await cache.identify(name), room.id);
  }
  assert.deepEqual(asked, ["general", room.id]);
});

Deno.test("a room that many look up at once is looked up once", async () => {
  const { cache, asked } = openCache();
  await Promise.all(["general", "general", "general"].map((name) => cache.find(name)));
  assert.deepEqual(asked, ["general"]);
});

Deno.test("a room that is created during a look-up is found by the next one", async () => {
  const { cache, room } = openCache();
  const { slug } = room;
  room.slug = "later";
  const early = cache.find("general").catch(({ code }) => {
    room.slug = slug;
    return code;
  });
  const late = early.then(() => cache.find("general"));
  assert.equal(await early, "room_not_found");
  assert.equal((await late).id, room.id);
});

Deno.test("a missing room is looked up again: it may be created at any time", async () => {
  const { cache, asked } = openCache();
  await assert.rejects(cache.find("later"), { code: "room_not_found" });
  await assert.rejects(cache.identify("later"), { code: "room_not_found" });
  assert.deepEqual(asked, ["later", "later"]);
});

Deno.test("a room is read again after its creator has changed their profile", async () => {
  const { cache, bus, room } = openCache();
  await cache.find("general");
  room.createdBy = { ...ADA, displayName: "Countess Ada" };
  bus.publish({ kind: "profile_changed", user: room.createdBy });
  assert.equal((await cache.find("general")).createdBy.displayName, "Countess Ada");
});

Deno.test("a look-up that began before its creator's change is not cached", async () => {
  const { cache, bus, room } = openCache();
  const asked = cache.find("general");
  room.createdBy = { ...ADA, displayName: "Countess Ada" };
  bus.publish({ kind: "profile_changed", user: room.createdBy });
  await asked;
  assert.equal((await cache.find("general")).createdBy.displayName, "Countess Ada");
});

Deno.test("after an interruption of the bus rooms are read again, and their ids are kept", async () => {
  const { cache, bus, asked } = openCache();
  await cache.find("general");
  bus.interrupt();
  await cache.identify("general");
  await cache.find("general");
  assert.deepEqual(asked, ["general", "general"]);
});
