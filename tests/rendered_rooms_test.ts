/** Rooms as sockets that come in are sent them. */
import assert from "node:assert/strict";
import { RecentProfiles } from "../src/rooms/recent_profiles.ts";
import { RenderedRooms } from "../src/rooms/rendered_rooms.ts";
import { ADA, ROOM } from "./harness/rooms.ts";

Deno.test("a room that was rendered is shown with a later end of its log", () => {
  const rendered = new RenderedRooms(new RecentProfiles());
  for (const lastSeq of [1, 1, 2, 1]) {
    assert.equal(JSON.parse(rendered.textOf({ room: ROOM, lastSeq })).lastSeq, lastSeq);
  }
});

Deno.test("a room that was rendered is shown with its users as they are now", () => {
  const profiles = new RecentProfiles();
  const rendered = new RenderedRooms(profiles);
  const creator = () => JSON.parse(rendered.textOf({ room: ROOM, lastSeq: 1 })).createdBy;
  assert.deepEqual(creator(), ADA);
  const user = { ...ADA, displayName: "Countess" };
  profiles.receive({ kind: "profile_changed", user });
  assert.deepEqual(creator(), user);
});

Deno.test("a changed room is shown as it is now", () => {
  const rendered = new RenderedRooms(new RecentProfiles());
  for (const name of ["Tea", "Looms"]) {
    const room = { ...ROOM, name };
    assert.equal(JSON.parse(rendered.textOf({ room, lastSeq: 1 })).name, name);
  }
});
