/** Who comes into a room while an entry ends their right to it. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import { entryAfter } from "../src/domain/entry.ts";
import { Flusher } from "../src/rooms/flusher.ts";
import { RecentProfiles } from "../src/rooms/recent_profiles.ts";
import { ServedRoom } from "../src/rooms/served_room.ts";
import type { Subscriber } from "../src/rooms/subscriber.ts";
import { Metrics } from "../src/services/metrics.ts";
import { PublicUsers } from "../src/services/public_users.ts";
import { RoomLog } from "../src/services/room_log.ts";
import { createRoomWithAda, createUser, notice } from "./conformance/store/fixtures.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { SQLITE } from "./harness/stores.ts";

/** A room that Bob comes into, who is banned by the entry that is delivered next. */
async function openWorld() {
  const { DATA_DIR } = await SQLITE.fresh();
  const store = await openSqlite(`${DATA_DIR}/echoroom.db`);
  const { room: { id }, ada } = await createRoomWithAda(store);
  const bob = await createUser(store);
  const ban = notice(ada, "member_banned", [bob]);
  const entry = entryAfter(await store.log.end(id), id, ban);
  const [bus, metrics] = [new InProcessBus(), new Metrics()];
  const room = new ServedRoom(id, {
    store,
    log: new RoomLog(store, bus, metrics),
    metrics,
    publicUsers: new PublicUsers(store.users, bus),
    flusher: new Flusher(() => 0),
    profiles: new RecentProfiles(),
    opened: Promise.resolve(),
    onRemoved: () => {},
    onChange: () => {},
  });
  const events: string[] = [];
  const socket = {
    userId: bob.id,
    open: true,
    batching: false,
    congested: false,
    send: () => events.push("entry"),
    removed: () => events.push("removed"),
  };
  return {
    room,
    subscriber: socket as unknown as Subscriber,
    events,
    /** Lets Bob in, and has the ban delivered as soon as something else runs. */
    admit: () => {
      queueMicrotask(() => room.feed.offer([entry]));
      return true;
    },
    show: () => events.push("shown"),
    [Symbol.asyncDispose]: async () => {
      room.close();
      metrics.close();
      await store.close();
    },
  };
}

Deno.test("who is banned right after they were admitted is taken out", async () => {
  await using world = await openWorld();
  const { room, subscriber, events, admit, show } = world;
  await room.join(subscriber, admit, show);
  assert.deepEqual(events, ["shown", "entry", "removed"]);
  assert.equal(room.has(subscriber), false);
});

Deno.test("who is banned right after they were admitted again is taken out", async () => {
  await using world = await openWorld();
  const { room, subscriber, events, admit, show } = world;
  await room.recover({ seq: 0 }, subscriber, Promise.resolve(), admit, show);
  assert.deepEqual(events, ["shown", "entry", "removed"]);
  assert.equal(room.has(subscriber), false);
});
