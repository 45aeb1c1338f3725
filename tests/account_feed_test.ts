/** The account's stream on two instances of one database, whose bus loses events. */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import type { SqliteStore } from "../src/adapters/store/sqlite/store.ts";
import { Accounts } from "../src/accounts/accounts.ts";
import type { User } from "../src/domain/user.ts";
import type { BusEvent } from "../src/ports/bus.ts";
import type { AccountItem } from "../src/protocol/wire/account.ts";
import type { Subscriber } from "../src/rooms/subscriber.ts";
import { AccountLog } from "../src/services/account_log.ts";
import { presentItem } from "../src/protocol/schemas/account.ts";
import { createRoom, createUser, notice, write } from "./conformance/store/fixtures.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { until } from "./harness/stage.ts";

/** A bus that can be given events of another instance. */
class TestBus extends InProcessBus {
  deliver(event: BusEvent, from: string): void {
    this.listeners.notify(event, from);
  }
}

/** An instance of a deployment; it hears of the other what is not lost. */
class Instance {
  readonly bus = new TestBus();
  readonly store: SqliteStore;
  readonly log: AccountLog;
  readonly accounts: Accounts;

  constructor(store: SqliteStore) {
    this.store = store;
    this.log = new AccountLog(store, this.bus);
    this.accounts = new Accounts({ store, bus: this.bus, accountLog: this.log });
  }

  /** Passes its events on to another instance, but for those that are lost. */
  carry(other: Instance, isLost: (event: BusEvent) => boolean): void {
    this.bus.subscribe((event, from) => {
      if (from !== this.bus.instanceId || isLost(event)) return;
      queueMicrotask(() => other.bus.deliver(structuredClone(event), from));
    });
  }

  async close(): Promise<void> {
    this.accounts.close();
    this.log.close();
    await this.bus.close();
    await this.store.close();
  }
}

/** A client's socket that keeps what it is sent, and holds it to its order. */
class Client implements Subscriber {
  readonly userId: string;
  readonly batching = false;
  open = true;
  congested = false;
  /** What the client knows, by key. */
  readonly items = new Map<string, AccountItem>();
  cursor = 0;
  #isLive = false;
  readonly #instance: Instance;

  removed(): void {}

  constructor(instance: Instance, { id }: User) {
    this.#instance = instance;
    this.userId = id;
    instance.accounts.enter(id, this);
  }

  send(text: string): void {
    const { event, data } = JSON.parse(text);
    assert.equal(event, "account:item");
    assert.ok(this.#isLive, "an item has come before the last page");
    this.#take(data.item);
  }

  sendBatch(): void {
    throw new Error("it takes no batches");
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  /** Asks for one page. */
  async recover(limit: number): Promise<void> {
    this.#isLive = false;
    const cursor = { after: this.cursor, limit };
    await this.#instance.accounts.recover(this.userId, this, cursor, (changes) => {
      assert.equal(changes.reset, false);
      for (const item of changes.items) this.#take(presentItem(item));
      this.cursor = changes.lastSeq;
      this.#isLive = !changes.hasMore;
    });
  }

  /** Asks for pages until it is live. */
  async catchUp(limit: number): Promise<void> {
    do await this.recover(limit); while (!this.#isLive);
  }

  close(): void {
    this.open = false;
    this.#instance.accounts.leave(this.userId, this);
  }

  #take(item: AccountItem): void {
    assert.ok(item.seq > this.cursor, `item ${item.seq} after ${this.cursor}`);
    this.cursor = item.seq;
    this.items.set(item.key, item);
  }
}

type Action =
  | { kind: "join" | "leave" | "kick" | "promote"; room: number; instance: number }
  | { kind: "read"; room: number; instance: number; seq: number }
  | { kind: "recover"; client: number; limit: number }
  | { kind: "compare"; instance: number };

const bit = fc.nat(1);
const actions: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("join", "leave", "kick", "promote"),
    room: bit,
    instance: bit,
  }),
  fc.record({
    kind: fc.constant("read"),
    room: bit,
    instance: bit,
    seq: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({
    kind: fc.constant("recover"),
    client: fc.nat(2),
    limit: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ kind: fc.constant("compare"), instance: bit }),
);

Deno.test("clients of both instances get each item in order, and all that the bus loses by comparison", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(actions, { maxLength: 25 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
      async (acts, losses) => {
        let event = 0;
        await onInstances(() => losses[event++ % losses.length]!, async (instances, ada, bob) => {
          const rooms = [
            await createRoom(instances[0]!.store, ada),
            await createRoom(instances[0]!.store, ada),
          ];
          const clients = [0, 1, 1].map((i) => new Client(instances[i]!, bob));
          // What clients ask for is under way while all else happens.
          const asked: Promise<void>[] = [];
          const last = clients.map(() => Promise.resolve());
          for (const each of acts) {
            if (each.kind === "recover") {
              const { client, limit } = each;
              last[client] = last[client]!.then(() => clients[client]!.recover(limit));
              asked.push(last[client]!);
            } else if (each.kind === "compare") {
              asked.push(instances[each.instance]!.accounts.compare());
            } else {
              await change(instances[each.instance]!, rooms[each.room]!.id, ada, bob, each);
            }
          }
          await Promise.all(asked);
          for (const client of clients) await client.catchUp(2);
          const { store } = instances[0]!;
          await until(async () => !await store.accounts.settle(bob.id), "all has its number");
          const seq = await store.accounts.lastSeq(bob.id);
          await until(async () => {
            for (const { accounts } of instances) await accounts.compare();
            return clients.every(({ cursor }) => cursor >= seq);
          }, "all clients are where the account is");
          const memberships = await store.members.find(bob.id, rooms.map(({ id }) => id));
          for (const { items } of clients) {
            for (const { id } of rooms) {
              const item = items.get(`room:${id}`);
              const role = item?.type === "room" ? item.data.role : undefined;
              assert.equal(role, memberships.get(id)?.role);
            }
          }
        });
      },
    ),
    { numRuns: 15 },
  );
});

Deno.test("a change that comes while a socket's last page is read reaches it", () =>
  onInstances(() => false, async ([here], ada, bob) => {
    const room = await createRoom(here!.store, ada);
    const client = new Client(here!, bob);
    // Until the page is sent it waits for its reader; the change is not on it.
    client.congested = true;
    const recovered = client.recover(10);
    client.drain = async () => {
      client.drain = () => Promise.resolve();
      await here!.store.members.join(room.id, bob.id);
      here!.log.changed([bob.id]);
      await until(
        async () => await here!.store.accounts.lastSeq(bob.id) === 1,
        "the change has its number",
      );
      client.congested = false;
    };
    await recovered;
    await until(() => client.items.has(`room:${room.id}`), "the item has come");
  }));

Deno.test("a socket that comes in while later items are read gets those before them first", () =>
  onInstances(() => false, async ([here], ada, bob) => {
    const { store, log } = here!;
    const [first, second] = [new Client(here!, bob), new Client(here!, bob)];
    await first.recover(10);
    const joins = async () => {
      const room = await createRoom(store, ada);
      await store.members.join(room.id, bob.id);
      log.changed([bob.id]);
    };
    // Its page is read, and waits for its reader.
    const entered = Promise.withResolvers<void>();
    const waits = Promise.withResolvers<void>();
    second.congested = true;
    second.drain = () => {
      waits.resolve();
      return entered.promise;
    };
    const recovered = second.recover(10);
    await waits.promise;
    await joins();
    await until(() => first.cursor === 1, "the first has the first item");
    const [reads, read] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { itemsAfter } = log;
    log.itemsAfter = async (...request) => {
      const page = await itemsAfter.apply(log, request);
      reads.resolve();
      await read.promise;
      return page;
    };
    await joins();
    await reads.promise;
    second.congested = false;
    entered.resolve();
    await recovered;
    read.resolve();
    await until(() => first.cursor === 2 && second.cursor === 2, "both have both items");
    assert.equal(second.items.size, 2);
  }));

Deno.test("a socket that has closed gets nothing, and its account is no longer followed", () =>
  onInstances(() => false, async ([here], ada, bob) => {
    const room = await createRoom(here!.store, ada);
    const followed = new Set<string>();
    here!.bus.follow = ((id: string) => Promise.resolve(void followed.add(id))) as () => Promise<
      void
    >;
    here!.bus.unfollow = ((id: string) => void followed.delete(id)) as () => void;
    const [first, second] = [new Client(here!, bob), new Client(here!, bob)];
    assert.deepEqual([...followed], [bob.id]);
    await first.recover(10);
    await second.recover(10);
    first.close();
    await here!.store.members.join(room.id, bob.id);
    here!.log.changed([bob.id]);
    await until(() => second.items.size === 1, "the item has come to the other");
    assert.equal(first.items.size, 0);
    second.close();
    assert.equal(followed.size, 0);
    await here!.accounts.compare();
  }));

async function change(
  { store, log, bus }: Instance,
  roomId: string,
  ada: User,
  bob: User,
  action: Exclude<Action, { kind: "recover" | "compare" }>,
): Promise<void> {
  switch (action.kind) {
    case "join":
      await store.members.join(roomId, bob.id);
      return log.changed([bob.id]);
    case "leave":
      await store.members.leave(roomId, bob.id);
      return log.changed([bob.id]);
    case "read":
      await store.members.setRead(roomId, bob.id, action.seq, action.seq < 5);
      return log.readMoved(bob.id);
    case "kick":
    case "promote": {
      const entries = await write(
        store,
        roomId,
        action.kind === "kick"
          ? notice(ada, "member_removed", [bob])
          : notice(ada, "member_added", [bob], { role: "moderator" }),
      );
      // As the room log does, from which the account log learns of it.
      bus.publish({ kind: "appended", roomId, entries });
    }
  }
}

/** Runs a test on two instances and two users. */
async function onInstances(
  isLost: (event: BusEvent) => boolean,
  act: (instances: Instance[], ada: User, bob: User) => Promise<void>,
): Promise<void> {
  const path = join(await Deno.makeTempDir({ prefix: "echoroom_" }), "echoroom.db");
  const instances: Instance[] = [];
  try {
    for (const _ of [1, 2]) instances.push(new Instance(await openSqlite(path)));
    const [a, b] = instances as [Instance, Instance];
    a.carry(b, isLost);
    b.carry(a, isLost);
    await act(instances, await createUser(a.store), await createUser(a.store));
  } finally {
    await Promise.all(instances.map((instance) => instance.close()));
  }
}
