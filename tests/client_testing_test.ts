/** The server in memory of `@echoroom/client/testing`: what a test can make happen on it. */
import assert from "node:assert/strict";
import { createClient, type Room, type RoomSummary } from "../src/client/mod.ts";
import { TestServer, waitFor } from "../src/client/testing/mod.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { inRoom } from "./harness/memory_world.ts";
import { nextTurn } from "./harness/stage.ts";

function reaches<T extends { status: string }>(
  observable: Parameters<typeof waitFor<T>>[0],
  status: T["status"],
): Promise<T> {
  return waitFor(observable, (value) => value.status === status, HANG_MS);
}

function last(room: Room) {
  return room.messages.get().at(-1)!;
}

Deno.test("what another user does is there when the call returns", () =>
  inRoom(async ({ ada, bob, room }) => {
    const { id } = bob.send("general", "Hello", { mentions: [ada.id] });
    assert.deepEqual([last(room).text, last(room).sender.displayName], ["Hello", "Bob"]);
    bob.edit("general", id, { text: "Good morning" });
    assert.equal(last(room).text, "Good morning");
    bob.react("general", id, "👍");
    assert.deepEqual(last(room).reactions, [{ emoji: "👍", count: 1, users: [bob.id] }]);
    bob.unreact("general", id, "👍");
    bob.pin("general", id);
    assert.deepEqual([last(room).reactions, last(room).pinned], [[], true]);
    bob.unpin("general", id);
    bob.delete("general", id);
    assert.deepEqual([last(room).text, last(room).pinned], ["", false]);
    assert.notEqual(last(room).deletedAt, null);
    await nextTurn();
  }));

Deno.test("others come, type and go", () =>
  inRoom(async ({ bob, room }) => {
    bob.enter("general");
    bob.startTyping("general");
    const names = () => room.online.get().users.map(({ displayName }) => displayName);
    assert.deepEqual([names(), room.typing.get().length], [["Ada", "Bob"], 1]);
    bob.send("general", "Hello");
    assert.equal(room.typing.get().length, 0);
    bob.startTyping("general");
    bob.stopTyping("general");
    assert.equal(room.typing.get().length, 0);
    bob.leave("general");
    assert.deepEqual([names(), room.online.get().count], [["Ada"], 1]);
    await nextTurn();
  }));

Deno.test("a message that is written offline is queued, and sent when the server is back", () =>
  inRoom(async ({ server, client, room }) => {
    server.goOffline();
    assert.equal(client.connection.get().status, "waiting");
    const sent = room.send("Hello");
    assert.equal(last(room).state, "queued");
    server.goOnline();
    await sent;
    assert.equal(last(room).state, "sent");
  }));

Deno.test("what others write while a client is offline is recovered, and counted", () =>
  inRoom(async ({ server, bob, room }) => {
    server.goOffline();
    for (let i = 1; i <= 300; i++) bob.send("general", `Message ${i}`);
    assert.equal(room.messages.get().length, 1);
    server.goOnline();
    await waitFor(room.recovery, (recovery) => recovery?.messages === 300, HANG_MS);
    assert.equal(room.messages.get().length, 301);
  }));

Deno.test("a held send is sending until it is let through", () =>
  inRoom(async ({ server, room }) => {
    const release = server.hold("message:send");
    const sent = room.send("Hello");
    await nextTurn();
    assert.equal(last(room).state, "sending");
    release();
    await sent;
    assert.equal(last(room).state, "sent");
  }));

Deno.test("a send whose ack is lost with the connection is stored once", () =>
  inRoom(async ({ server, room }) => {
    const release = server.hold("message:send", { at: "answer" });
    const sent = room.send("Hello");
    await waitFor(room.messages, (all) => all.at(-1)?.id !== null, HANG_MS);
    server.goOffline();
    release();
    server.goOnline();
    const { seq } = await sent;
    assert.equal(seq, 2);
    assert.deepEqual(room.messages.get().map(({ seq }) => seq), [1, 2]);
  }));

Deno.test("a refused send fails with its code, and the next is sent", () =>
  inRoom(async ({ server, room }) => {
    server.refuse("message:send", "forbidden", { message: "You are muted." });
    await assert.rejects(room.send("Hello"), { code: "forbidden", message: "You are muted." });
    assert.equal(last(room).state, "failed");
    await room.send("Hello again");
    assert.deepEqual(room.messages.get().map(({ state }) => state), ["sent", "sent", "failed"]);
  }));

Deno.test("a send that is refused for now waits with the reason, and is sent", () =>
  inRoom(async ({ server, room }) => {
    server.refuse("message:send", "rate_limited", { retryAfter: 0.001 });
    const sent = room.send("Hello");
    const isLimited = () => last(room).error?.code === "rate_limited";
    await waitFor(room.messages, isLimited, HANG_MS);
    assert.equal(last(room).state, "queued");
    await sent;
  }));

Deno.test("a change that is refused is shown, and taken back", () =>
  inRoom(async ({ server, room }) => {
    const { id } = await room.send("Hello");
    server.refuse("message:edit", "edit_conflict");
    const refused = assert.rejects(room.edit(id, "Good morning"), { code: "edit_conflict" });
    assert.equal(last(room).text, "Good morning");
    await refused;
    assert.equal(last(room).text, "Hello");
  }));

Deno.test("an entry that is lost is recovered with the one after it", () =>
  inRoom(async ({ server, bob, room }) => {
    server.dropEntries(2);
    for (const text of ["One", "Two"]) bob.send("general", text);
    assert.equal(room.messages.get().length, 1);
    bob.send("general", "Three");
    const all = await waitFor(room.messages, ({ length }) => length === 4, HANG_MS);
    assert.deepEqual(all.map(({ text }) => text).slice(1), ["One", "Two", "Three"]);
  }));

Deno.test("a restored backup replaces what is shown", () =>
  inRoom(async ({ server, bob, room }) => {
    const { id } = bob.send("general", "Kept");
    bob.react("general", id, "👍");
    bob.send("general", "Lost");
    bob.edit("general", id, { text: "Edited" });
    server.restore("general", 3);
    await waitFor(room.recovery, (recovery) => recovery?.reset === true, HANG_MS);
    assert.deepEqual(room.messages.get().map(({ text }) => text).slice(1), ["Kept"]);
    assert.equal(last(room).reactions.length, 1);
    bob.send("general", "New");
    assert.equal(last(room).text, "New");
  }));

Deno.test("a room that does not exist fails, and is live once it is made", () =>
  inRoom(async ({ server, bob, client }) => {
    const room = client.join("random");
    const { error } = await reaches(room.state, "failed") as { error: { code: string } };
    assert.equal(error.code, "room_not_found");
    bob.createRoom("Random");
    client.join("random");
    await reaches(room.state, "live");
    server.refuse("room:join", "forbidden", { times: 2 });
    server.dropConnections();
    await reaches(room.state, "failed");
  }));

Deno.test("a user whose sessions end is signed out, and can sign in again", () =>
  inRoom(async ({ ada, client, room }) => {
    ada.signOut();
    await reaches(client.connection, "signed_out");
    assert.deepEqual([room.state.get().status, client.user.get()], ["left", null]);
    const { email, password } = ada;
    await assert.rejects(client.login({ email, password: "wrong" }), {
      code: "invalid_credentials",
    });
    await client.login({ email, password });
    await reaches(client.connection, "online");
  }));

Deno.test("a browser's second client is the page after a reload: signed in, with what was unsent", () =>
  inRoom(async ({ server, ada, bob }) => {
    const browser = server.openBrowser(ada);
    const first = createClient(server.url, browser);
    first.connect();
    const room = first.join("general");
    await reaches(room.state, "live");
    server.goOffline();
    const unsent = assert.rejects(room.send("Hello"), { code: "closed" });
    first.close();
    await unsent;
    server.goOnline();
    const second = createClient(server.url, browser);
    const again = second.join("general");
    second.connect();
    await waitFor(again.messages, (all) => all.at(-1)?.text === "Hello", HANG_MS);
    assert.equal(second.user.get()?.id, ada.id);
    const other = server.createClient(bob);
    await waitFor(other.join("general").messages, (all) => all.length === 2, HANG_MS);
    second.close();
  }));

Deno.test("a client without a user can register, and a route can be refused", async () => {
  const server = new TestServer();
  const client = server.createClient();
  const ada = { email: "ada@example.com", password: "correct horse", displayName: "Ada" };
  server.refuse("POST /auth/register", "registration_closed");
  await assert.rejects(client.register(ada), { code: "registration_closed", status: 403 });
  await client.register(ada);
  await reaches(client.connection, "online");
  assert.throws(() => server.createUser("Ada"), { name: "EchoRoomError", code: "email_taken" });
  const bob = server.createUser("Bob");
  bob.createRoom("General");
  const refused = { name: "EchoRoomError", code: "room_not_found" };
  assert.throws(() => bob.send("nowhere", "Hello"), refused);
  const slow = server.hold("GET /rooms");
  let isListed = false;
  const end = client.rooms.subscribe(() => isListed = client.rooms.get() !== null);
  await nextTurn();
  assert.equal(isListed, false);
  slow();
  await waitFor(client.rooms, (rooms) => rooms?.length === 1, HANG_MS);
  end();
  server.close();
});

Deno.test("what a client sees is a copy: changing it changes nothing on the server", () =>
  inRoom(async ({ bob, room }) => {
    const sent = bob.send("general", "Hello", { metadata: { mood: "good" } });
    sent.metadata!.mood = "bad";
    last(room).metadata!.mood = "bad";
    await nextTurn();
    assert.deepEqual(bob.edit("general", sent.id, { text: "Hi" }).metadata, { mood: "good" });
  }));

Deno.test("a wait that is in vain names what is there instead", () =>
  inRoom(async ({ room }) => {
    await assert.rejects(
      waitFor(room.messages, ({ length }) => length === 2, 1),
      /It stays \[.*Bob created the room/,
    );
  }));

Deno.test("the list of rooms has one's role, and what is made and read on another device", () =>
  inRoom(async ({ server, client, ada, bob, room }) => {
    const lists = (isWanted: (room: RoomSummary) => boolean) =>
      waitFor(client.rooms, (rooms) => rooms?.some(isWanted) ?? false, HANG_MS);
    client.rooms.subscribe(() => {});
    await room.send("Hello");
    await lists(({ slug, role }) => slug === "general" && role === "member");
    bob.send("general", "Welcome");
    await lists(({ unread }) => unread === 1);
    const phone = server.createClient(ada);
    await phone.api.createRoom({ name: "Plans" });
    await lists(({ name, role }) => name === "Plans" && role === "owner");
    const onPhone = phone.join("general");
    await reaches(onPhone.state, "live");
    onPhone.markRead();
    await lists(({ slug, unread }) => slug === "general" && unread === 0);
  }));
