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
import { STRANGER } from "../src/domain/membership.ts";
import { nextTurn } from "./harness/stage.ts";

const NO_ACCOUNTS = { changed: () => {}, readMoved: () => {} };

const NO_STANDINGS = { forget: () => {}, forgetStandings: () => {} };

Deno.test("a read position waits for the messages that make its user a member, stored or not", async () => {
  const added = new Set<string>();
  const store = {
    setRead: (roomId: string, _user: string, seq: number) =>
      Promise.resolve(added.has(roomId) ? { readSeq: seq, moved: true } : null),
    countUnread: () => Promise.resolve(new Map([["a", { unread: 0, mentions: 0 }]])),
  };
  const members = new Members(
    { members: store } as unknown as Store,
    NO_STANDINGS,
    NO_ACCOUNTS,
    new InProcessBus(),
  );
  const [first, refused, other] = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  const ada = { userId: "ada" } as Actor;
  members.expect("a", "ada", first!.promise.then(() => void added.add("a")));
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
  assert.deepEqual(await read, { readSeq: 1, moved: true, unread: 0, mentions: 0 });
});

Deno.test("who sends their first message and reads on at once is a member by then", async () => {
  let isMember = false;
  const members = new Members(
    {
      members: {
        setRead: () => Promise.resolve(isMember ? { readSeq: 1, moved: true } : null),
        countUnread: () => Promise.resolve(new Map([["a", { unread: 0, mentions: 0 }]])),
      },
    } as unknown as Store,
    NO_STANDINGS,
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
    rooms: { typing: { end: () => {} }, readUpdates: { publish: () => Promise.resolve() } },
    store: { log: { end: () => Promise.resolve({ seq: 1, n: 1 }) } },
  } as unknown as Dependencies;
  const ada = { userId: "ada", user: { id: "ada" } } as Participant;
  await sendMessage(ada, dependencies, { room: "a", text: "Hi", clientMessageId: "1" });
  const read = setRead(ada, dependencies, { room: "a", seq: 1, back: false });
  await nextTurn();
  isMember = true;
  stored.resolve({});
  assert.equal((await read).readSeq, 1);
});
