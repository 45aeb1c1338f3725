/** The list of rooms of a user who has more than the client keeps joined. */
// @slow: more than a hundred rooms
import assert from "node:assert/strict";
import type { Client, RoomSummary, SendOptions } from "../src/client/mod.ts";
import { addMember, createRoom, openDirect, setPreferences } from "../src/client/rest/mod.ts";
import { type MentionAlert, watchForMentions } from "../web/notifications/mention_alerts.ts";
import { becomes } from "./harness/client.ts";
import { enter, type Person, range, World } from "./harness/client_world.ts";
import { shareServer } from "./harness/shared_server.ts";
import { SQLITE } from "./harness/stores.ts";

const JOINED = 100;

/** Bob, whom Ada and Eve write to, and rooms of his that were active before the last hundred. */
interface Many {
  ada: Person;
  eve: Person;
  bob: Person;
  bobsId: string;
  /** A client of Bob's that follows the list. */
  page: Client;
  /** Rooms of Ada's with one message that Bob has not read. */
  quiet: string[];
  /** The same with Ada alone, and with Eve alone, which is older. */
  directs: { ada: string; eve: string };
}

const use = shareServer(SQLITE);
/** It is made once: each test has its own of the quiet rooms. */
let made: Promise<Omit<Many, "page">> | null = null;

function onMany(act: (many: Many) => Promise<void> | void): () => Promise<void> {
  return async () => {
    const server = await use();
    const many = await (made ??= make(new World(server)));
    const page = many.bob.browser.open(server.url);
    page.rooms.subscribe(() => {});
    page.connect();
    await becomes(
      page.rooms,
      (rooms) => (rooms ?? []).filter((room) => room.isMember).length > 100,
    );
    await act({ ...many, page });
    page.close();
  };
}

async function make({ newPerson }: World): Promise<Omit<Many, "page">> {
  const [ada, bob, eve] = [await newPerson("Ada"), await newPerson("Bob"), await newPerson("Eve")];
  const bobsId = bob.client.user.get()!.id;
  const newRoom = async (name: string) => {
    return (await createRoom(ada.client.api, { name, type: "private", members: [bobsId] })).id;
  };
  const write = async (by: Person, id: string) => {
    await say(by, id, "Hello");
    return id;
  };
  const directs = {
    eve: await write(eve, (await openDirect(eve.client.api, bobsId)).id),
    ada: await write(ada, (await openDirect(ada.client.api, bobsId)).id),
  };
  const quiet = await Promise.all(
    range(1, 6).map(async (i) => {
      return await write(ada, await newRoom(`Quiet ${i}`));
    }),
  );
  await Promise.all(range(1, JOINED).map((i) => newRoom(`Room ${i}`)));
  return { ada, bob, eve, bobsId, quiet, directs };
}

/** From now on the list cannot be read as a whole: what it shows has come at once. */
function readNoMore({ api }: Client): void {
  api.listRooms = () => Promise.reject(new Error("The list is not read again."));
}

async function say(
  { client }: Person,
  roomId: string,
  text: string,
  options: Pick<SendOptions, "mentions"> = {},
): Promise<void> {
  await client.api.request("POST", `rooms/${roomId}/messages`, { body: { text, ...options } });
}

async function lists(
  { rooms }: Client,
  id: string,
  isWanted: (room: RoomSummary) => boolean,
): Promise<RoomSummary> {
  const find = (all: readonly RoomSummary[] | null) => all?.find((room) => room.id === id);
  const found = await becomes(rooms, (all) => {
    const room = find(all);
    return room !== undefined && isWanted(room);
  });
  return find(found)!;
}

Deno.test(
  "the own rooms that were last active are joined, and what is unread in the others is listed",
  onMany(({ page, quiet, directs }) => {
    const others = page.rooms.get()!.filter(({ isMember, isJoined }) => isMember && !isJoined);
    assert.deepEqual(
      others.map(({ id }) => id).sort(),
      [...quiet, ...Object.values(directs)].sort(),
    );
    for (const { unread, lastMessageAt } of others) {
      assert.equal(unread, 1);
      assert.notEqual(lastMessageAt, null);
    }
  }),
);

Deno.test(
  "a message in a direct room that is not joined counts at once, and brings it before the others",
  onMany(async ({ page, eve, directs }) => {
    readNoMore(page);
    const order = () => page.rooms.get()!.slice(-2).map(({ id }) => id);
    assert.deepEqual(order(), [directs.ada, directs.eve]);
    const { lastMessageAt } = await lists(page, directs.eve, ({ unread }) => unread === 1);
    await say(eve, directs.eve, "Are you there?");
    const room = await lists(page, directs.eve, ({ unread }) => unread === 2);
    assert.equal(room.isJoined, false);
    assert.ok(room.lastMessageAt! > lastMessageAt!);
    assert.deepEqual(order(), [directs.eve, directs.ada]);
  }),
);

Deno.test(
  "a mention in a room that is not joined counts at once",
  onMany(async ({ page, ada, bobsId, quiet }) => {
    readNoMore(page);
    await say(ada, quiet[0]!, "Bob?", { mentions: [bobsId] });
    const room = await lists(page, quiet[0]!, ({ mentions }) => mentions === 1);
    assert.deepEqual([room.unread, room.isJoined], [2, false]);
  }),
);

Deno.test(
  "what is read on another device is read in a room that is not joined",
  onMany(async ({ page, bob, quiet }) => {
    readNoMore(page);
    (await enter(bob.client, quiet[1]!)).markRead();
    const { isJoined } = await lists(page, quiet[1]!, ({ unread }) => unread === 0);
    assert.equal(isJoined, false);
  }),
);

Deno.test(
  "a hidden room that is not joined is shown by a mention at once",
  onMany(async ({ page, ada, bob, bobsId, quiet }) => {
    readNoMore(page);
    await setPreferences(bob.client.api, quiet[2]!, { hidden: true });
    await lists(page, quiet[2]!, ({ isHidden }) => isHidden);
    await say(ada, quiet[2]!, "Bob?", { mentions: [bobsId] });
    await lists(page, quiet[2]!, ({ isHidden, unread }) => !isHidden && unread === 2);
  }),
);

Deno.test(
  "other messages in a room that is not joined count when the list is read again, and show it",
  onMany(async ({ page, ada, bob, quiet }) => {
    await setPreferences(bob.client.api, quiet[3]!, { hidden: true });
    await lists(page, quiet[3]!, ({ isHidden }) => isHidden);
    page.rooms.reload();
    await say(ada, quiet[3]!, "Anybody?");
    page.rooms.reload();
    await lists(page, quiet[3]!, ({ isHidden, unread }) => !isHidden && unread === 2);
  }),
);

Deno.test(
  "a room to which one is added while a hundred are joined is listed at once, with what is unread",
  onMany(async ({ page, ada, bobsId }) => {
    readNoMore(page);
    const { id } = await createRoom(ada.client.api, { name: "Later", type: "private" });
    await addMember(ada.client.api, id, bobsId);
    const { isJoined } = await lists(page, id, ({ lastMessageAt }) => lastMessageAt !== null);
    assert.equal(isJoined, false);
    await say(ada, id, "Welcome", { mentions: [bobsId] });
    await lists(page, id, ({ unread }) => unread === 1);
  }),
);

Deno.test(
  "what is written to a user who does not look calls for them in a room that is not joined",
  onMany(async ({ page, ada, bobsId, quiet }) => {
    const alerts: MentionAlert[] = [];
    const called = new Promise<void>((resolve) => {
      watchForMentions(page, {
        notifications: ({ id }) => id === quiet[4] ? "none" : "all",
        isLooking: () => false,
        onAlert(alert) {
          alerts.push(alert);
          resolve();
        },
      });
    });
    const mentions = { mentions: [bobsId] };
    await say(ada, quiet[4]!, "Unwanted", mentions);
    await say(ada, quiet[5]!, "Bob?", mentions);
    await called;
    const seen = alerts.map(({ room, message, reason }) => [room.name, message.text, reason]);
    assert.deepEqual(seen, [["Quiet 6", "Bob?", "mention"]]);
  }),
);
