/** What sockets in a room are shown of its settings, and of what their users may do. */
import assert from "node:assert/strict";
import { entryAfter, LOG_START } from "../src/domain/entry.ts";
import { unavailable } from "../src/domain/errors.ts";
import { STRANGER } from "../src/domain/membership.ts";
import { PLAIN } from "../src/domain/message.ts";
import { OPEN_RULES } from "../src/domain/room.ts";
import { RecentProfiles } from "../src/rooms/recent_profiles.ts";
import { RenderedRooms } from "../src/rooms/rendered_rooms.ts";
import { RoomUpdates } from "../src/rooms/room_updates.ts";
import type { ServedRoom } from "../src/rooms/served_room.ts";
import type { Access, Admission } from "../src/services/access.ts";
import { accessTo } from "../src/services/room_access.ts";
import { ADA, ROOM } from "./harness/rooms.ts";
import { until } from "./harness/stage.ts";

const RENAMED = entryAfter(LOG_START, "room", {
  kind: "created",
  message: {
    ...PLAIN,
    id: "message",
    sender: ADA,
    text: "Ada renamed the room",
    system: true,
    clientMessageId: "c1",
    createdAt: new Date(),
    systemType: "room_updated",
    systemData: { users: [], changes: { name: "Tea" } },
  },
  request: null,
  answered: null,
});

/** Sockets of these users, and who has been shown the room. */
function inRoom(...userIds: string[]) {
  const shown: string[] = [];
  const subscribers = userIds.map((userId) => {
    return { userId, isAdmin: false, send: () => shown.push(userId) };
  });
  const room = { feed: { head: 1 }, has: () => true, subscribers: () => subscribers };
  return { shown, room: room as unknown as ServedRoom };
}

function admission(standing = STRANGER): Admission {
  const access = accessTo({ isAdmin: false }, "room", { rules: OPEN_RULES, standing });
  return { access, room: ROOM, lastSeq: 1 };
}

Deno.test("a socket whose access cannot be read keeps no other from seeing the room", async () => {
  const users = Array.from({ length: 1_001 }, (_, i) => i === 0 ? "eve" : `user ${i}`);
  const { shown, room } = inRoom(...users);
  const access: Pick<Access, "admit" | "renew"> = {
    admit({ userId }) {
      if (userId === "eve") throw unavailable("The store does not answer.");
      return admission();
    },
    renew: () => undefined,
  };
  new RoomUpdates(access, new RenderedRooms(new RecentProfiles())).show(RENAMED, room);
  await until(() => shown.length === 1_000, "the others are shown the room");
  assert.ok(!shown.includes("eve"));
});

Deno.test("what a user may do is read again once, where no entry shows it", async () => {
  const { shown, room } = inRoom("bob");
  let renewals = 0;
  const access: Pick<Access, "admit" | "renew"> = {
    admit: () => admission(),
    renew() {
      renewals++;
      return Promise.resolve();
    },
  };
  new RoomUpdates(access, new RenderedRooms(new RecentProfiles())).show(RENAMED, room);
  await until(() => shown.length === 1, "Bob is shown the room");
  assert.equal(renewals, 1);
});
