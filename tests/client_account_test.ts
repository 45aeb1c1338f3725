/** What concerns a client's user beyond the rooms that are joined: new rooms, roles, and being removed. */
// @slow: many servers and clients
import assert from "node:assert/strict";
import type { Client, EchoRoomError, RoomSummary } from "../src/client/mod.ts";
import {
  addMember,
  banMember,
  banUser,
  blockUser,
  createRoom,
  deleteRoom,
  muteMember,
  openDirect,
  removeMember,
  setPreferences,
  unblockUser,
  updateRoom,
} from "../src/client/rest/mod.ts";
import { watchFrames } from "../src/client/debug.ts";
import { becomes, reaches } from "./harness/client.ts";
import { enter, onServer, type Person, type World } from "./harness/client_world.ts";
import { until } from "./harness/stage.ts";

/** Ada, who is an admin as the first account, and two others. */
function onTrio(
  act: (trio: { ada: Person; bob: Person; eve: Person } & World) => Promise<void>,
): Promise<void> {
  return onServer(async (world) => {
    const ada = await world.newPerson("Ada");
    const [bob, eve] = await Promise.all([world.newPerson("Bob"), world.newPerson("Eve")]);
    await act(Object.assign(world, { ada, bob, eve }));
  });
}

function idOf({ client }: Person): string {
  return client.user.get()!.id;
}

/** Keeps the list in use. */
function follow({ client }: Person): void {
  client.rooms.subscribe(() => {});
}

async function lists(
  { rooms }: Client,
  isWanted: (room: RoomSummary) => boolean,
): Promise<RoomSummary> {
  return (await becomes(rooms, (rooms) => rooms?.some(isWanted) ?? false))!.find(isWanted)!;
}

Deno.test("a private room is in the list of those who are added, at once, and live", () =>
  onTrio(async ({ bob, eve }) => {
    let reads = 0;
    follow(eve);
    await becomes(eve.client.rooms, (rooms) => rooms !== null);
    const { listRooms } = eve.client.api;
    eve.client.api.listRooms = function (...page) {
      reads++;
      return listRooms.apply(this, page);
    };
    const room = await createRoom(bob.client.api, { name: "Plans", type: "private" });
    await addMember(bob.client.api, room.id, idOf(eve));
    const listed = await lists(eve.client, ({ id }) => id === room.id);
    assert.deepEqual([listed.role, listed.isMember, listed.type], ["member", true, "private"]);
    assert.equal(reads, 0, "the list was not read again");
    await (await enter(bob.client, room.id)).send("Hello");
    await lists(eve.client, ({ id, unread }) => id === room.id && unread === 1);
  }));

Deno.test("of own rooms that are all joined none is read again with the list", () =>
  onTrio(async ({ bob, eve }) => {
    const { id } = await openDirect(bob.client.api, idOf(eve));
    follow(eve);
    await lists(eve.client, (room) => room.id === id && room.isJoined);
    const { listRooms } = eve.client.api;
    const read: (boolean | undefined)[] = [];
    eve.client.api.listRooms = function (query = {}) {
      read.push(query.mine);
      return listRooms.call(this, query);
    };
    const created = await createRoom(bob.client.api, { name: "Tea" });
    eve.client.rooms.reload();
    await lists(eve.client, (room) => room.id === created.id);
    await lists(eve.client, (room) => room.id === id);
    assert.deepEqual(new Set(read), new Set([undefined]));
  }));

Deno.test("a direct room is in the list of both", () =>
  onTrio(async ({ bob, eve }) => {
    follow(eve);
    const { id } = await openDirect(bob.client.api, idOf(eve));
    const { members, name } = await lists(eve.client, (room) => room.id === id);
    assert.equal(name, "");
    assert.deepEqual(members!.map(({ displayName }) => displayName).sort(), ["Bob", "Eve"]);
  }));

Deno.test("a public room that one has left on another device has nothing unread", () =>
  onTrio(async ({ bob, eve, server }) => {
    const { id } = await createRoom(bob.client.api, { name: "Tea" });
    await addMember(eve.client.api, id, "me");
    follow(eve);
    await (await enter(bob.client, id)).send("Hello");
    const before = await lists(eve.client, ({ unread, isJoined }) => isJoined && unread === 1);
    const page = eve.browser.open(server.url);
    page.connect();
    eve.client.api.listRooms = () => Promise.reject(new Error("The list is not read again."));
    await removeMember(page.api, id, "me");
    const room = await lists(eve.client, ({ isMember }) => !isMember);
    assert.deepEqual([room.unread, room.isJoined], [0, false]);
    await lists(eve.client, ({ memberCount }) => memberCount === before.memberCount - 1);
  }));

Deno.test("who is removed from a private room is shown none of it any more, until they are added again", () =>
  onTrio(async ({ bob, eve }) => {
    const { id } = await createRoom(bob.client.api, {
      name: "Plans",
      type: "private",
      members: [idOf(eve)],
    });
    follow(eve);
    const room = await enter(eve.client, id);
    await lists(eve.client, (room) => room.id === id);
    await removeMember(bob.client.api, id, idOf(eve));
    const state = await reaches(room.state, "failed");
    assert.equal(state.status === "failed" && state.error.code, "room_not_found");
    await becomes(eve.client.rooms, (rooms) => !rooms!.some((room) => room.id === id));
    await addMember(bob.client.api, id, idOf(eve));
    await reaches(room.state, "live");
  }));

Deno.test("who is banned from a public room is refused by it, and it says so", () =>
  onTrio(async ({ bob, eve }) => {
    const { id } = await createRoom(bob.client.api, { name: "Plans" });
    const room = await enter(eve.client, id);
    await banMember(bob.client.api, id, idOf(eve));
    const state = await reaches(room.state, "failed");
    assert.equal(state.status === "failed" && state.error.code, "forbidden");
  }));

const ENDS = {
  "who is banned from a room": (room: string, { bob, eve }: { bob: Person; eve: Person }) =>
    banMember(bob.client.api, room, idOf(eve)),
  "who is in a room that is deleted": (room: string, { bob }: { bob: Person }) =>
    deleteRoom(bob.client.api, room),
};

for (const [who, end] of Object.entries(ENDS)) {
  Deno.test(`${who} may do nothing in it any more, and is shown nobody there`, () =>
    onTrio(async ({ bob, eve }) => {
      const { id } = await createRoom(bob.client.api, { name: "Plans" });
      const [room] = await Promise.all([enter(eve.client, id), enter(bob.client, id)]);
      await becomes(room.online, ({ count }) => count === 2);
      assert.ok(room.capabilities.get().length > 0);
      await end(id, { bob, eve });
      await reaches(room.state, "failed");
      assert.deepEqual(room.capabilities.get(), []);
      assert.deepEqual(room.online.get(), { count: null, users: [] });
    }));
}

Deno.test("a room that is deleted leaves the lists", () =>
  onTrio(async ({ bob, eve }) => {
    const { id } = await createRoom(bob.client.api, { name: "Plans" });
    follow(eve);
    await addMember(eve.client.api, id, "me");
    await lists(eve.client, (room) => room.id === id && room.isMember);
    await deleteRoom(bob.client.api, id);
    await becomes(eve.client.rooms, (rooms) => !rooms!.some((room) => room.id === id));
  }));

Deno.test("a public room that one leaves stays in the list, as another's", () =>
  onTrio(async ({ bob, eve }) => {
    const { id } = await createRoom(bob.client.api, { name: "Plans" });
    follow(eve);
    await addMember(eve.client.api, id, "me");
    await lists(eve.client, (room) => room.id === id && room.isMember);
    await removeMember(eve.client.api, id, "me");
    const { role } = await lists(eve.client, (room) => room.id === id && !room.isMember);
    assert.equal(role, null);
  }));

Deno.test("what is read on one device is read on the other", () =>
  onTrio(async ({ bob, eve, server }) => {
    const { id } = await createRoom(bob.client.api, { name: "Plans" });
    await addMember(eve.client.api, id, "me");
    await (await enter(bob.client, id)).send("Hello");
    const phone = eve.browser.open(server.url);
    phone.rooms.subscribe(() => {});
    phone.connect();
    await lists(phone, (room) => room.id === id && room.unread === 1);
    (await enter(eve.client, id)).markRead();
    await lists(phone, (room) => room.id === id && room.unread === 0);
  }));

Deno.test("what was changed while one was away is in the list after the return", () =>
  onTrio(async ({ bob, eve }) => {
    const left = await createRoom(bob.client.api, {
      name: "Left",
      type: "private",
      members: [idOf(eve)],
    });
    follow(eve);
    await lists(eve.client, ({ id }) => id === left.id);
    const evesId = idOf(eve);
    eve.client.disconnect();
    await removeMember(bob.client.api, left.id, evesId);
    const members = [evesId];
    const added = await createRoom(bob.client.api, { name: "New", type: "private", members });
    eve.client.connect();
    await lists(eve.client, ({ id }) => id === added.id);
    await becomes(eve.client.rooms, (rooms) => !rooms!.some(({ id }) => id === left.id));
  }));

Deno.test("a new name and other settings are in the room and in the list", () =>
  onTrio(async ({ bob, eve }) => {
    const { id } = await createRoom(bob.client.api, { name: "Plans" });
    follow(eve);
    const room = await enter(eve.client, id);
    await addMember(eve.client.api, id, "me");
    await updateRoom(bob.client.api, id, { name: "Better plans", slowModeSeconds: 10 });
    const info = await becomes(room.info, (info) => info!.name === "Better plans");
    assert.equal(info!.slowModeSeconds, 10);
    await lists(eve.client, ({ name }) => name === "Better plans");
  }));

Deno.test("what one may do in a room follows one's role", () =>
  onTrio(async ({ bob, eve }) => {
    const { id } = await createRoom(bob.client.api, { name: "Plans" });
    follow(eve);
    const room = await enter(eve.client, id);
    const may = (capability: string, expected = true) =>
      becomes(room.capabilities, (all) => all.includes(capability) === expected);
    await may("message.edit_own", false);
    await room.send("I am a member now");
    await may("message.edit_own");
    await addMember(bob.client.api, id, idOf(eve), "moderator");
    await may("member.ban");
    await lists(eve.client, ({ role }) => role === "moderator");
    await addMember(bob.client.api, id, idOf(eve), "member");
    await may("member.ban", false);
  }));

Deno.test("who becomes a member without writing may do what members may, on every device", () =>
  onTrio(async ({ bob, eve }) => {
    const { id } = await createRoom(bob.client.api, { name: "Plans" });
    const room = await enter(eve.client, id);
    await addMember(eve.client.api, id, "me");
    await becomes(room.capabilities, (all) => all.includes("message.edit_own"));
  }));

Deno.test("who is no member does not ask to read again and again, but once they may be one", () =>
  onTrio(async ({ bob, eve, server }) => {
    const { id } = await createRoom(bob.client.api, { name: "Plans" });
    const sent: number[] = [];
    let isRefused = false;
    const WebSocket = watchFrames(({ type, frame }) => {
      const { event, data } = (frame ?? {}) as { event?: string; data: { seq: number } };
      if (type === "sent" && event === "room:read") sent.push(data.seq);
      isRefused ||= type === "received" && JSON.stringify(frame).includes('"error"');
    });
    const page = eve.browser.open(server.url, { WebSocket });
    page.connect();
    const room = await enter(page, id);
    await until(() => isRefused, "the position is refused");
    const bobs = await enter(bob.client, id);
    for (const text of ["One", "Two"]) {
      await bobs.send(text);
      await becomes(room.messages, (all) => all.at(-1)!.text === text);
      room.markRead();
    }
    await addMember(page.api, id, "me");
    await becomes(room.unread, ({ readSeq }) => readSeq === 3);
    assert.deepEqual(sent, [0, 0]);
  }));

Deno.test("what one may do in a direct room follows one's blocks", () =>
  onTrio(async ({ bob, eve }) => {
    const { id } = await openDirect(bob.client.api, idOf(eve));
    follow(bob);
    const room = await enter(bob.client, id);
    const may = (expected: boolean) =>
      becomes(room.capabilities, (all) => all.includes("message.send") === expected);
    await may(true);
    await blockUser(bob.client.api, idOf(eve));
    await may(false);
    await unblockUser(bob.client.api, idOf(eve));
    await may(true);
  }));

Deno.test("one's preferences of a room are in the list, and a hidden one is shown by a new message", () =>
  onTrio(async ({ bob, eve }) => {
    const { id } = await createRoom(bob.client.api, { name: "Plans" });
    await addMember(eve.client.api, id, "me");
    follow(eve);
    await lists(eve.client, (room) => room.id === id && room.notifications === "all");
    await setPreferences(eve.client.api, id, { notifications: "none", hidden: true });
    await lists(eve.client, (room) => room.notifications === "none" && room.isHidden);
    await (await enter(bob.client, id)).send("News");
    await lists(eve.client, (room) => room.id === id && !room.isHidden);
  }));

Deno.test("a mention in a room that is not joined is announced to the client", () =>
  onTrio(async ({ bob, eve }) => {
    const room = await enter(bob.client, await roomOf(bob));
    const mentioned = new Promise((resolve) => eve.client.onMention(resolve));
    const { id } = await room.send("Hello, Eve", { mentions: [idOf(eve)] });
    const { by, ...mention } = await mentioned as { by: { displayName: string } };
    assert.equal(by.displayName, "Bob");
    assert.deepEqual(mention, { roomId: room.id, messageId: id, reason: "mention" });
  }));

Deno.test("a profile that is changed on one device is changed on the other", () =>
  onTrio(async ({ eve, server }) => {
    const phone = eve.browser.open(server.url);
    phone.rooms.subscribe(() => {});
    phone.connect();
    await reaches(phone.connection, "online");
    await becomes(phone.rooms, (rooms) => rooms !== null);
    await eve.client.updateMe({ displayName: "Evelyn" });
    await becomes(phone.user, (user) => user?.displayName === "Evelyn");
  }));

Deno.test("who is banned from the server is signed out, and is told why", () =>
  onTrio(async ({ ada, eve }) => {
    await banUser(ada.client.api, idOf(eve), { reason: "Spam" });
    const state = await reaches(eve.client.connection, "signed_out");
    assert.match(state.status === "signed_out" ? state.reason : "", /banned/i);
  }));

async function roomOf({ client }: Person): Promise<string> {
  return (await createRoom(client.api, { name: "Room" })).id;
}

Deno.test("after a mute that ended by its time one may do all again, from the first message on", () =>
  onTrio(async ({ bob, eve }) => {
    const { id } = await createRoom(bob.client.api, { name: "Tea" });
    const room = await enter(eve.client, id);
    await room.send("Here I am");
    // Longer each time: a request may take until then to arrive.
    for (let isMuted = false, milliseconds = 1_500; !isMuted; milliseconds *= 2) {
      const until = new Date(Date.now() + milliseconds).toISOString();
      isMuted = await muteMember(bob.client.api, id, idOf(eve), { until }).then(
        () => true,
        (error: EchoRoomError) => {
          assert.equal(error.code, "validation_failed");
          return false;
        },
      );
    }
    for (let isSent = false; !isSent;) {
      isSent = await room.send("May I?").then(() => true, async (error: EchoRoomError) => {
        assert.equal(error.code, "muted");
        await new Promise((resolve) => setTimeout(resolve, error.retryAfter! * 1_000));
        return false;
      });
    }
    await becomes(room.capabilities, (all) => all.includes("message.edit_own"));
  }));
