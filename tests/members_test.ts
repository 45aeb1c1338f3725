/** Who becomes a member, and what that costs. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import type { Dependencies } from "../src/application/dependencies.ts";
import { sendMessage } from "../src/application/messages/send_message.ts";
import { setRead } from "../src/application/rooms/set_read.ts";
import type { Actor, Participant } from "../src/domain/actor.ts";
import type { Store } from "../src/ports/store/store.ts";
import { Members } from "../src/services/members.ts";
import { OPEN_RULES } from "../src/domain/room.ts";
import { type Standing, STRANGER } from "../src/domain/membership.ts";
import type { Place } from "../src/services/standings.ts";
import { nextTurn } from "./harness/stage.ts";

const NO_ACCOUNTS = { changed: () => {}, readMoved: () => {} };

/** Standings of which nothing is known before it is read: everybody is a member then. */
function unreadStandings() {
  const known = new Map<string, Place>();
  const standing: Standing = { ...STRANGER, role: "member" };
  return {
    known: (roomId: string, userId: string) => known.get(`${userId} ${roomId}`),
    read: (roomId: string, userId: string) => {
      const place = { rules: OPEN_RULES, standing };
      known.set(`${userId} ${roomId}`, place);
      return Promise.resolve(place);
    },
    forget: (roomId: string, userId: string) => void known.delete(`${userId} ${roomId}`),
    forgetAll: () => known.clear(),
  };
}

Deno.test("a user's first messages in a room make them a member with one write", async () => {
  const added: string[] = [];
  const add = (roomId: string, userId: string) => {
    added.push(`${userId} in ${roomId}`);
    return Promise.resolve();
  };
  const members = new Members(
    { members: { join: add } } as unknown as Store,
    unreadStandings(),
    NO_ACCOUNTS,
    new InProcessBus(),
  );
  await Promise.all([members.add("a", "ada"), members.add("a", "ada"), members.add("b", "ada")]);
  await members.add("a", "ada");
  assert.deepEqual(added, ["ada in a", "ada in b"]);
});

Deno.test("a membership that could not be written is written with the next message", async () => {
  let calls = 0;
  const add = () => ++calls === 1 ? Promise.reject(new Error("down")) : Promise.resolve();
  const members = new Members(
    { members: { join: add } } as unknown as Store,
    unreadStandings(),
    NO_ACCOUNTS,
    new InProcessBus(),
  );
  await assert.rejects(members.add("a", "ada"), { message: "down" });
  await members.add("a", "ada");
  await members.add("a", "ada");
  assert.equal(calls, 2);
});

Deno.test("a read position waits for the messages that make its user a member, stored or not", async () => {
  const added = new Set<string>();
  const store = {
    join: (roomId: string) => Promise.resolve(void added.add(roomId)),
    setRead: (roomId: string, _user: string, seq: number) =>
      Promise.resolve(added.has(roomId) ? seq : null),
    countUnread: () => Promise.resolve(new Map([["a", { unread: 0, mentions: 0 }]])),
  };
  const members = new Members(
    { members: store } as unknown as Store,
    unreadStandings(),
    NO_ACCOUNTS,
    new InProcessBus(),
  );
  const [first, refused, other] = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  const ada = { userId: "ada" } as Actor;
  members.expect("a", "ada", first!.promise.then(() => members.add("a", "ada")));
  members.expect("a", "ada", refused!.promise);
  members.expect("b", "ada", other!.promise);
  const [read, forbidden] = [
    members.setRead(ada, "a", 1, false),
    members.setRead(ada, "b", 1, false),
  ];
  refused!.reject(new Error("refused"));
  other!.reject(new Error("refused"));
  await assert.rejects(forbidden, { code: "forbidden" });
  first!.resolve();
  assert.deepEqual(await read, { readSeq: 1, unread: 0, mentions: 0 });
});

Deno.test("who sends their first message and reads on at once is a member by then", async () => {
  let isMember = false;
  const members = new Members(
    {
      members: {
        join: () => Promise.resolve(void (isMember = true)),
        setRead: () => Promise.resolve(isMember ? 1 : null),
        countUnread: () => Promise.resolve(new Map([["a", { unread: 0, mentions: 0 }]])),
      },
    } as unknown as Store,
    unreadStandings(),
    NO_ACCOUNTS,
    new InProcessBus(),
  );
  const stored = Promise.withResolvers<object>();
  const dependencies = {
    members,
    access: {
      known: () => ({ roomId: "a", rules: OPEN_RULES, standing: STRANGER }),
      confirm: () => Promise.resolve(),
    },
    log: { append: () => stored.promise },
    rateLimits: { consume: () => Promise.resolve() },
    requestHashes: { hash: () => "hash" },
    rooms: { typing: { end: () => {} } },
    store: { log: { end: () => Promise.resolve({ seq: 1, n: 1 }) } },
  } as unknown as Dependencies;
  const ada = { userId: "ada", user: { id: "ada" } } as Participant;
  await sendMessage(ada, dependencies, { room: "a", text: "Hi", clientMessageId: "1" });
  const read = setRead(ada, dependencies, { room: "a", seq: 1, back: false });
  await nextTurn();
  stored.resolve({});
  assert.equal((await read).readSeq, 1);
});
