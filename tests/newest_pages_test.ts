/** The cache of the newest pages of history: when it may answer, and when it must read the store. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import type { Message } from "../src/domain/message.ts";
import type { Store } from "../src/ports/store/store.ts";
import { type NewestPage, NewestPages } from "../src/services/newest_pages.ts";

const ADA = { id: "ada", displayName: "Ada", avatarUrl: null };
const GRACE = { ...ADA, displayName: "Grace" };

/** A room whose log has one message, and a cache of its newest page. */
function openRoom() {
  const bus = new InProcessBus();
  const log = { head: 1, sender: ADA, reads: 0 };
  const store = { epoch: 0, log: { end: () => Promise.resolve({ seq: log.head, n: log.head }) } };
  const pages = new NewestPages(store as unknown as Store, bus);
  const load = () => {
    log.reads++;
    const message = { seq: log.head, text: "Hello", sender: log.sender } as Message;
    const related = { referenced: [], users: [], threads: {} };
    return Promise.resolve({ messages: [message], related, hasMore: log.head > 1 });
  };
  const read = (limit = 50, loadPage = load) => pages.read("room", limit, loadPage);
  return { bus, log, store, load, read };
}

Deno.test("a page of a log that has not grown is read from the store once for each limit", async () => {
  const { log, read } = openRoom();
  const first = await read();
  assert.equal(await read(), first);
  assert.equal(log.reads, 1);
  await read(10);
  assert.equal(log.reads, 2);
});

Deno.test("a page shows a message as soon as the store has it, whoever appended it", async () => {
  const { log, read } = openRoom();
  await read();
  log.head = 2;
  assert.equal((await read()).messages.at(-1)?.seq, 2);
});

Deno.test("a page shows a change of an old message as soon as the store has it", async () => {
  const { log, read } = openRoom();
  const first = await read();
  log.head = 2;
  assert.notEqual(await read(), first);
  assert.equal(log.reads, 2);
});

Deno.test("a page is read again once the store may have become another database", async () => {
  const { log, store, read } = openRoom();
  await read();
  store.epoch = 1;
  await read();
  assert.equal(log.reads, 2);
});

Deno.test("a page shows the sender's new name once the change is published", async () => {
  const { bus, log, read } = openRoom();
  await read();
  log.sender = GRACE;
  bus.publish({ kind: "profile_changed", user: GRACE });
  assert.equal((await read()).messages[0]?.sender.displayName, "Grace");
});

Deno.test("a page that was read before a change of a name and arrives after it is not kept", async () => {
  const { bus, log, load, read } = openRoom();
  await read(50, async () => {
    const page = await load();
    bus.publish({ kind: "profile_changed", user: GRACE });
    return page;
  });
  log.sender = GRACE;
  assert.equal((await read()).messages[0]?.sender.displayName, "Grace");
});

Deno.test("a change of a name while the log's end is read makes the page be read again", async () => {
  const { bus, log, read } = openRoom();
  await read();
  const answer = read();
  log.sender = GRACE;
  bus.publish({ kind: "profile_changed", user: GRACE });
  assert.equal((await answer).messages[0]?.sender.displayName, "Grace");
});

/** How many pages are read from the store when each of a hundred rooms' is asked for twice. */
async function readsOfHundredRooms(page: NewestPage): Promise<number> {
  const store = { epoch: 0, log: { end: () => Promise.resolve({ seq: 1, n: 1 }) } };
  const pages = new NewestPages(store as unknown as Store, new InProcessBus());
  let reads = 0;
  const load = () => {
    reads++;
    return Promise.resolve(page);
  };
  for (const _ of ["first", "again"]) {
    for (let room = 0; room < 100; room++) await pages.read(`room ${room}`, 50, load);
  }
  return reads;
}

Deno.test("pages are kept up to a size in which everything counts that they hold", async () => {
  const long = "x".repeat(100 * 1024);
  const message = { text: "Hello", metadata: null, mentions: [], reactions: [] };
  const large: Record<string, object>[] = [
    { text: long },
    { metadata: { note: long } },
    { metadata: { [long]: 1 } },
    { metadata: { list: Array.from({ length: 10_000 }, () => 1) } },
    { mentions: [long] },
    { reactions: [{ emoji: "+1", count: 1, users: [long] }] },
  ].map((field) => ({ messages: [{ ...message, ...field }] }));
  const around = [
    { referenced: [{ ...message, metadata: { note: long } }] },
    { users: [{ id: "ada", displayName: long, avatarUrl: null }] },
    { threads: { [long]: { count: 1, lastSeq: 1 } } },
  ].map((field) => ({ related: { referenced: [], users: [], threads: {}, ...field } }));
  const small = { messages: [message], hasMore: false };
  const pageOf = (fields: object) => {
    const related = { referenced: [], users: [], threads: {} };
    return { ...small, related, ...fields } as unknown as NewestPage;
  };
  assert.equal(await readsOfHundredRooms(pageOf({})), 100);
  for (const fields of [...large, ...around]) {
    assert.equal(await readsOfHundredRooms(pageOf(fields)), 200, Object.keys(fields).join());
  }
});
