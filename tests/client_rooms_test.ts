/** Rooms as the client holds them: joining, leaving, their history, who is there, and who types. */
// @slow: many servers and clients
import assert from "node:assert/strict";
import type { RoomState } from "../src/client/mod.ts";
import { becomes, reaches } from "./harness/client.ts";
import {
  enter,
  enterBoth,
  onRoom,
  onServer,
  PATIENT,
  range,
  seqs,
  shows,
  texts,
  write,
} from "./harness/client_world.ts";
import { playWithin } from "./harness/patience.ts";
import { until } from "./harness/stage.ts";

/** Typing ends by itself so long after its start. */
const TYPING_MS = 6_000;

Deno.test("a room joined by its slug and by its id is one log", () =>
  onRoom(async ({ ada, slug }) => {
    const bySlug = await enter(ada.client, slug);
    const byId = await enter(ada.client, bySlug.id);
    assert.equal(byId.id, bySlug.id);
    await bySlug.send("By slug");
    await byId.send("By id");
    await shows(bySlug, 3);
    await shows(byId, 3);
    assert.deepEqual(byId.messages.get(), bySlug.messages.get());
    assert.deepEqual(texts(byId).slice(1), ["By slug", "By id"]);
  }));

Deno.test("leaving a room by one name keeps it under the other", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bySlug = await enter(ada.client, slug);
    const byId = await enter(ada.client, bySlug.id);
    const bobs = await enter(bob.client, slug);
    byId.leave();
    await bobs.send("Hello");
    await shows(bySlug, 2);
    assert.equal(bobs.online.get().count, 2);
  }));

Deno.test("a room is left once every holder has left, and then the others see it", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const room = await enter(ada.client, slug);
    assert.equal(ada.client.join(slug), room);
    const bobs = await enter(bob.client, slug);
    await becomes(bobs.online, ({ count }) => count === 2);
    room.leave();
    await bobs.send("Hello");
    await shows(room, 2);
    assert.equal(room.state.get().status, "live");
    room.leave();
    assert.equal(room.state.get().status, "left");
    const { users } = await becomes(bobs.online, ({ count }) => count === 1);
    assert.deepEqual(users.map(({ displayName }) => displayName), ["Bob"]);
    assert.notEqual(ada.client.join(slug), room);
  }));

Deno.test("a room that is joined again after leaving shows what was written meanwhile", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bobs = await enter(bob.client, slug);
    (await enter(ada.client, slug)).leave();
    await bobs.send("Meanwhile");
    const again = await enter(ada.client, slug);
    assert.deepEqual(texts(again).slice(1), ["Meanwhile"]);
  }));

Deno.test("after signing out the handle of a room shows nothing", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    await ada.client.logout();
    assert.equal(room.state.get().status, "left");
    assert.deepEqual(room.messages.get(), []);
  }));

Deno.test("an unknown room fails with room_not_found", () =>
  onRoom(async ({ ada }) => {
    const state = await reaches(ada.client.join("nowhere").state, "failed");
    assert.equal(state.status === "failed" && state.error.code, "room_not_found");
    assert.equal(ada.client.connection.get().status, "online");
  }));

Deno.test("a room that is made after a failed join can be joined again", () =>
  onRoom(async ({ ada, bob }) => {
    const room = ada.client.join("later");
    await reaches(room.state, "failed");
    await bob.client.api.createRoom({ name: "Later" });
    room.leave();
    await enter(ada.client, "later");
  }));

Deno.test("a room that failed is live once its client has made it", () =>
  onServer(async ({ newPerson }) => {
    const { client } = await newPerson("Ada", { timing: PATIENT });
    const room = client.join("later");
    await reaches(room.state, "failed");
    await client.api.createRoom({ name: "Later" });
    await reaches(room.state, "live");
    assert.deepEqual(texts(room), ["Ada created the room"]);
  }));

Deno.test("a failed room becomes live after another user has made it, and is failed until then", () =>
  onRoom(async ({ ada, bob }) => {
    const room = ada.client.join("later");
    await reaches(room.state, "failed");
    const states = new Set<string>();
    room.state.subscribe(() => states.add(room.state.get().status));
    await bob.client.api.createRoom({ name: "Later" });
    await reaches(room.state, "live");
    assert.ok(!states.has("joining"), [...states].join());
  }));

Deno.test("a room that failed is asked for when it is joined once more", () =>
  onServer(async ({ newPerson }) => {
    const [ada, bob] = await Promise.all([newPerson("Ada", { timing: PATIENT }), newPerson("Bob")]);
    const room = ada.client.join("later");
    await reaches(room.state, "failed");
    await bob.client.api.createRoom({ name: "Later" });
    assert.equal(await enter(ada.client, "later"), room);
  }));

Deno.test("a room that failed is asked for at the next connection", () =>
  onServer(async ({ newPerson }) => {
    const [ada, bob] = await Promise.all([newPerson("Ada", { timing: PATIENT }), newPerson("Bob")]);
    const room = ada.client.join("later");
    await reaches(room.state, "failed");
    await bob.client.api.createRoom({ name: "Later" });
    ada.client.disconnect();
    ada.client.connect();
    await reaches(room.state, "live");
  }));

Deno.test("a room over the limit is live once another one was left", () =>
  onServer(async ({ newPerson }) => {
    const { client } = await newPerson("Ada", { timing: PATIENT });
    const made = range(1, 201).map((i) => client.api.createRoom({ name: `Room ${i}` }));
    const rooms = (await Promise.all(made)).map(({ slug }) => client.join(slug));
    const states = rooms.map(({ state }) =>
      becomes(state, ({ status }) => status === "live" || status === "failed")
    );
    const failed = (await Promise.all(states)).findIndex(({ status }) => status === "failed");
    const state = rooms[failed]!.state;
    assert.equal(codeOf(state.get()), "limit_reached");
    rooms.find((_, i) => i !== failed)!.leave();
    await reaches(state, "live");
  }));

Deno.test("an invalid room name fails permanently", () =>
  onRoom(async ({ ada }) => {
    const room = ada.client.join("");
    await reaches(room.state, "failed");
    assert.equal(codeOf(room.state.get()), "validation_failed");
  }));

Deno.test("users online in a room are listed by name and counted, until they leave", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bobs = await enter(bob.client, slug);
    await enter(ada.client, slug);
    const { users } = await becomes(bobs.online, ({ count }) => count === 2);
    assert.deepEqual(users.map(({ displayName }) => displayName), ["Ada", "Bob"]);
    ada.client.disconnect();
    const after = await becomes(bobs.online, ({ count }) => count === 1);
    assert.deepEqual(after.users.map(({ displayName }) => displayName), ["Bob"]);
  }));

Deno.test("offline, the roster of a room is unknown", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    await becomes(room.online, ({ count }) => count === 1);
    ada.client.disconnect();
    assert.deepEqual(room.online.get(), { count: null, users: [] });
  }));

Deno.test("a keystroke is seen by others, but not by the typist", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [room, bobs] = await enterBoth(ada, bob, slug);
    bobs.keystroke();
    const [typing] = await becomes(room.typing, ({ length }) => length === 1);
    assert.equal(typing?.displayName, "Bob");
    assert.deepEqual(bobs.typing.get(), []);
  }));

Deno.test("typing ends when it is stopped", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [room, bobs] = await enterBoth(ada, bob, slug);
    const { slug: otherSlug } = await ada.client.api.createRoom({ name: "Other" });
    const [other, bobsOther] = await enterBoth(ada, bob, otherSlug);
    bobs.keystroke();
    await becomes(room.typing, ({ length }) => length === 1);
    bobs.stopTyping();
    // Events arrive in order: the typing ended before this one, and not by the client's timeout.
    bobsOther.keystroke();
    await becomes(other.typing, ({ length }) => length === 1);
    assert.deepEqual(room.typing.get(), []);
  }));

Deno.test("typing ends with the message, and begins again with the next key", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [room, bobs] = await enterBoth(ada, bob, slug);
    bobs.keystroke();
    await becomes(room.typing, ({ length }) => length === 1);
    await bobs.send("Hello");
    await shows(room, 2);
    assert.deepEqual(room.typing.get(), []);
    bobs.keystroke();
    await becomes(room.typing, ({ length }) => length === 1);
  }));

Deno.test("typing that begins right after a message does not end with it", () =>
  playWithin(TYPING_MS, () =>
    onRoom(async ({ ada, bob, slug }) => {
      const [room, bobs] = await enterBoth(ada, bob, slug);
      const sent = bobs.send("Hello");
      bobs.keystroke();
      await sent;
      await shows(room, 2);
      const isShown = () => room.typing.get().length === 1;
      await until(isShown, "typing is shown", TYPING_MS);
    })));

Deno.test("typing ends with the typist's connection", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [room, bobs] = await enterBoth(ada, bob, slug);
    await becomes(room.online, ({ count }) => count === 2);
    bobs.keystroke();
    await becomes(room.typing, ({ length }) => length === 1);
    bob.client.disconnect();
    await becomes(room.online, ({ count }) => count === 1);
    assert.deepEqual(room.typing.get(), []);
  }));

Deno.test("older messages are loaded page by page down to the beginning", () =>
  onRoom(async ({ ada, bob, slug }) => {
    await write(bob, slug, 120);
    const room = await enter(ada.client, slug);
    assert.deepEqual(seqs(room), range(72, 121));
    assert.equal(room.hasOlder.get(), true);
    assert.equal(await room.loadOlder(), true);
    assert.deepEqual(seqs(room), range(22, 121));
    assert.equal(await room.loadOlder(), false);
    assert.deepEqual(seqs(room), range(1, 121));
    assert.equal(room.hasOlder.get(), false);
  }));

Deno.test("a log that fits on one page has nothing older", () =>
  onRoom(async ({ ada, bob, slug }) => {
    await write(bob, slug, 49);
    const room = await enter(ada.client, slug);
    assert.deepEqual(seqs(room), range(1, 50));
    assert.equal(room.hasOlder.get(), false);
  }));

Deno.test("two concurrent requests for older messages load them once", () =>
  onRoom(async ({ ada, bob, slug }) => {
    await write(bob, slug, 120);
    const room = await enter(ada.client, slug);
    assert.deepEqual(await Promise.all([room.loadOlder(), room.loadOlder()]), [true, true]);
    assert.deepEqual(seqs(room), range(22, 121));
  }));

Deno.test("forgotten messages can be loaded again, and unsent ones stay", () =>
  onRoom(async ({ ada, bob, slug }) => {
    await write(bob, slug, 49);
    const room = await enter(ada.client, slug);
    ada.client.disconnect();
    const sent = room.send("Unsent");
    room.forgetOlder(10);
    assert.deepEqual(seqs(room), [...range(41, 50), null]);
    assert.equal(room.hasOlder.get(), true);
    assert.equal(await room.loadOlder(), false);
    assert.deepEqual(seqs(room), [...range(1, 50), null]);
    room.forgetOlder(60);
    assert.deepEqual(seqs(room), [...range(1, 50), null]);
    assert.equal(room.hasOlder.get(), false);
    ada.client.connect();
    await sent;
    assert.deepEqual(seqs(room), range(1, 51));
  }));

Deno.test("older messages that arrive after some were forgotten leave no gap", () =>
  onRoom(async ({ ada, bob, slug }) => {
    await write(bob, slug, 99);
    const room = await enter(ada.client, slug);
    const older = room.loadOlder();
    room.forgetOlder(10);
    await older;
    assert.deepEqual(seqs(room), range(91, 100));
    await room.loadOlder();
    assert.deepEqual(seqs(room), range(41, 100));
  }));

function codeOf(state: RoomState): string | undefined {
  return state.status === "failed" ? state.error.code : undefined;
}

Deno.test("a message far back is loaded with all after it, and one that does not exist is refused", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bobs = await enter(bob.client, slug);
    const { id } = await bobs.send("Far back");
    await Promise.all(range(1, 130).map((i) => bobs.send(`Message ${i}`)));
    await bobs.delete(id);
    const room = await enter(ada.client, slug);
    assert.equal(room.find(id), undefined);
    await room.loadAround(id);
    assert.notEqual(room.find(id)!.deletedAt, null);
    const shown = seqs(room);
    assert.ok(shown[0]! <= 2);
    assert.deepEqual(shown, range(shown[0]!, 132));
    const before = room.messages.get();
    await assert.rejects(room.loadAround("nothing"), { code: "message_not_found" });
    assert.equal(room.messages.get(), before);
  }));
