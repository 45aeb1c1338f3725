/** The MongoDB store on a real server: the suite of every store, and what is MongoDB's own. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { connect } from "../src/adapters/store/mongodb/connection.ts";
import { collectionsOf } from "../src/adapters/store/mongodb/collections.ts";
import type { RoomDocument } from "../src/adapters/store/mongodb/room_documents.ts";
import { fromUser } from "../src/adapters/store/mongodb/user_documents.ts";
import type {
  EntryDocument,
  MessageDocument,
} from "../src/adapters/store/mongodb/entry_documents.ts";
import { LogEnds } from "../src/adapters/store/mongodb/log_ends.ts";
import { migrate } from "../src/adapters/store/mongodb/migrations.ts";
import { MongoStore } from "../src/adapters/store/mongodb/store.ts";
import { TIME_LIMITS } from "../src/adapters/store/mongodb/time_limits.ts";
import { keyOf } from "../src/domain/account.ts";
import { LOG_LIMIT } from "../src/domain/entry.ts";
import { hasCode } from "../src/domain/errors.ts";
import { OPEN_SETTINGS } from "../src/domain/room.ts";
import type { Store } from "../src/ports/store/store.ts";
import {
  append,
  createRoomWithAda,
  creation,
  draft,
  newAttachment,
  newReport,
  newUser,
  readAfter,
} from "./conformance/store/fixtures.ts";
import { testStore } from "./conformance/store/store.ts";
import { HANG_LIMITS } from "./harness/deadline.ts";
import { kill } from "./harness/kill.ts";
import { newDatabase, openStore } from "./harness/mongodb_database.ts";
import { MongodbServer, onServer } from "./harness/mongodb_server.ts";
import { patiently, playWithin } from "./harness/patience.ts";
import { spawnServer } from "./harness/server.ts";
import { sleep } from "./harness/stage.ts";
import { freePort } from "./servers/service.ts";

const UNAVAILABLE = { name: "ChatError", code: "unavailable" };
/** Of the documents. */
const VERSION = 10;
const NOW = new Date("2026-01-01T12:34:56.789Z");

testStore("MongoDB", () => Promise.resolve(newDatabase()), 500);

for (
  const option of [
    "w=0",
    "w=1",
    "w=2",
    "w=majority&journal=false",
    "journal=false",
    "readConcernLevel=local",
    "readPreference=secondary",
    "readPreference=primaryPreferred",
  ]
) {
  Deno.test(`MongoDB: a URI that asks for ${option} is refused in one line`, async () => {
    const message = await refusal(`mongodb://ada:secret@127.0.0.1:1/echoroom?${option}`);
    assert.ok(message.includes(option.split("&").at(-1) ?? option), message);
  });
}

Deno.test("MongoDB: a URI that cannot be read is refused in one line", async () => {
  assert.match(await refusal("localhost"), /URI/);
  assert.match(await refusal("mongodb://ada:se/cret@127.0.0.1:1"), /URI/);
  assert.match(await refusal("mongodb://127.0.0.1:1/?colour=red"), /URI.*colour/);
});

Deno.test("MongoDB: a server that cannot be reached is named in one line", async () => {
  const port = freePort();
  const message = await refusal(`mongodb://ada:secret@127.0.0.1:${port}/echoroom`);
  assert.ok(message.includes(`127.0.0.1:${port}`), message);
});

Deno.test("MongoDB: the description names the database and no credentials", async () => {
  const { uri, connect, drop } = newDatabase();
  await onServer(
    uri,
    (client) =>
      client.db().command({ createUser: "somebody", pwd: "secret", roles: ["readWrite"] }),
  );
  const stores = [
    await connect(),
    await openStore(withCredentials(uri, "somebody:secret"), HANG_LIMITS),
  ];
  try {
    for (const { description } of stores) {
      assert.match(description, /^MongoDB \(\S+\/echoroom_test_\w+, .+\)$/);
      assert.doesNotMatch(description, /somebody|secret|@/);
    }
  } finally {
    await Promise.all(stores.map((store) => store.close()));
    await onServer(uri, (client) => client.db().command({ dropUser: "somebody" }));
    await drop();
  }
});

Deno.test("MongoDB: the end of a log is found from any hint, right or wrong", async () => {
  const { uri, drop } = newDatabase();
  await onServer(uri, async (client) => {
    const collections = collectionsOf(client.db());
    const { messages } = collections;
    await messages.createIndex({ roomId: 1, seq: 1 }, { unique: true });
    let length = 0;
    for (const end of [0, 1, 2, 3, 64, 65, 130, 1_000]) {
      const entries = Array.from({ length: end - length }, (_, i) => {
        const seq = length + i + 1;
        return { roomId: "room", seq, n: 2 * seq } as EntryDocument;
      });
      if (entries.length > 0) await messages.insertMany(entries);
      length = end;
      for (const hint of [undefined, 0, 1, end - 1, end, end + 1, 2 * end, 5_000]) {
        const ends = new LogEnds(collections);
        if (hint !== undefined) ends.saw("room", { seq: hint, n: 2 * hint });
        const found = await ends.find("room");
        assert.deepEqual(found, { seq: end, n: 2 * end }, `end ${end}, hint ${hint}`);
      }
    }
  });
  await drop();
});

Deno.test("MongoDB: many who ask for the end of a log at once cost two searches", async () => {
  const { uri, drop } = newDatabase();
  await onServer(uri, async (client) => {
    const collections = collectionsOf(client.db());
    const { messages } = collections;
    const entries = [1, 2, 3].map((seq) => ({ roomId: "room", seq, n: seq }) as EntryDocument);
    await messages.insertMany(entries);
    let queries = 0;
    const countedMessages = new Proxy(messages, {
      get: (target, name) => {
        if (name === "find") queries++;
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const counted = { ...collections, messages: countedMessages };
    await new LogEnds(counted).find("room");
    const alone = queries;
    queries = 0;
    const ends = new LogEnds(counted);
    const first = ends.find("room");
    await Promise.resolve();
    const found = await Promise.all([
      first,
      ...Array.from({ length: 100 }, () => ends.find("room")),
    ]);
    assert.deepEqual(new Set(found.map(({ seq }) => seq)), new Set([3]));
    // The second search begins where the first has ended.
    assert.ok(queries <= alone + 1, `${queries} queries, ${alone} alone`);
  });
  await drop();
});

Deno.test("MongoDB: the server ends reads that their callers have given up", async () => {
  await playWithin(TIME_LIMITS.step, async () => {
    const limits = await limitsOfReads();
    assert.ok(limits.length >= 9);
    for (const limit of limits) assert.equal(limit, 4_000);
  });
});

/** The limits that the server is given for reads of a store as users have it. */
async function limitsOfReads(): Promise<unknown[]> {
  const { uri, drop } = newDatabase();
  const separator = uri.includes("?") ? "&" : "?";
  await using opened = new AsyncDisposableStack();
  opened.defer(drop);
  const connection = await connect(`${uri}${separator}monitorCommands=true`);
  const store = await MongoStore.open(connection);
  opened.defer(() => store.close());
  const { room, ada } = await createRoomWithAda(store);
  const [message] = await append(store, room.id, [draft(ada)]);
  const limits: unknown[] = [];
  connection.client.on("commandStarted", ({ command }) => {
    if ("find" in command || "aggregate" in command) limits.push(command.maxTimeMS);
  });
  await store.log.end(room.id);
  await store.log.entriesAfter(room.id, 0, 9);
  await store.messages.before(room.id, LOG_LIMIT, 9);
  await store.messages.threads(room.id, [message!.id]);
  await store.messages.pinned(room.id);
  await store.messages.earlierTexts(room.id, message!.id);
  await store.messages.reactors(room.id, message!.id, "👍", 9);
  await store.messages.reactionsBy(room.id, ada.id, [message!.id]);
  await store.members.countUnread("somebody", new Map([[room.id, 0]]));
  return limits;
}

Deno.test("MongoDB: an open store has its indexes, the unique ones of messages led by the room", async () => {
  const { uri, connect, drop } = newDatabase();
  const store = await connect();
  const indexes = await onServer(uri, async (client) => {
    const names = [
      "users",
      "rooms",
      "messages",
      "edits",
      "reactions",
      "members",
      "account_items",
      "blocks",
      "invitations",
      "reports",
      "audit",
      "sessions",
    ];
    const named = names.map(async (name) => {
      const list = await client.db().collection(name).indexes();
      return list.filter((index) => index.name !== "_id_").map(({ key, unique = false }) => {
        return `${name} ${Object.keys(key)}${unique ? " unique" : ""}`;
      });
    });
    return (await Promise.all(named)).flat().sort();
  });
  await store.close();
  await drop();
  assert.deepEqual(indexes, [
    "account_items replacedAt",
    "account_items userId,key",
    "account_items userId,seq unique",
    "audit action,_id",
    "audit actorId,_id",
    "audit isPrivate,_id",
    "audit roomId,_id",
    "blocks pending",
    "blocks userId,blockedId unique",
    "edits erasedAt",
    "edits roomId,messageId,seq",
    "invitations codeHash unique",
    "invitations expiresAt",
    "invitations roomId,_id",
    "members pending",
    "members roomId,joinedAt,userId",
    "members roomId,userId,ban.until",
    "members roomId,userId,mute.until",
    "members userId,roomId unique",
    "messages keys",
    "messages roomId,keys,n",
    "messages roomId,n unique",
    "messages roomId,senderId,clientMessageId unique",
    "messages roomId,seq unique",
    "reactions removedAt",
    "reactions roomId,messageId,emoji,seq,userId",
    "reactions roomId,userId,messageId",
    "reports closedAt",
    "reports fileIds",
    "reports messageId,reporterId unique",
    "reports roomId,_id",
    "reports state,_id",
    "rooms deletedAt",
    "rooms name,_id",
    "rooms pair unique",
    "rooms slug unique",
    "sessions expiresAt",
    "sessions userId",
    "users email unique",
    "users pending",
    "users role",
    "users words",
  ]);
});

testOwnServer("the database is echoroom unless the URI names one", async (server) => {
  const store = await server.connect();
  assert.ok(store.description.includes("/echoroom,"), store.description);
});

testOwnServer("a killed server is unavailable, and nothing acked is lost", async (server) => {
  const patient = await server.connect();
  const { room, ada } = await createRoomWithAda(patient);
  const acked = await append(patient, room.id, [draft(ada), draft(ada)]);
  const store = await server.connect(TIME_LIMITS);
  const cut = draft(ada);
  const outcome = append(store, room.id, [cut]).catch((error) => error);
  await server.kill();
  const answer = await outcome;
  if (!Array.isArray(answer)) assert.equal(answer.code, "unavailable");
  await Promise.all([
    assert.rejects(store.ping(), UNAVAILABLE),
    assert.rejects(store.users.find(ada.id), UNAVAILABLE),
    assert.rejects(append(store, room.id, [draft(ada)]), UNAVAILABLE),
  ]);

  await server.start();
  await onceAvailable(() => store.ping());
  const [repeated] = await onceAvailable(() => append(store, room.id, [cut]));
  assert.equal(repeated?.seq, 4);
  assert.deepEqual(await readAfter(patient, room.id, 1, 10), [...acked, repeated]);
});

testOwnServer("an append to a server that hangs ends, and its repeat is safe", async (server) => {
  const patient = await server.connect();
  const { room, ada } = await createRoomWithAda(patient);
  const store = await server.connect(TIME_LIMITS);
  const drafts = [draft(ada), draft(ada)];
  await server.suspend();
  await assert.rejects(append(store, room.id, drafts), UNAVAILABLE);
  server.resume();
  const messages = await onceAvailable(() => append(store, room.id, drafts));
  assert.deepEqual(messages.map((message) => message.seq), [2, 3]);
  assert.deepEqual(await readAfter(patient, room.id, 1, 10), messages);
});

testOwnServer("an append whose answer was lost is acked with what it stored", async (server) => {
  using relay = new Relay(server.port);
  // Without the driver's own retry, as on a standalone server.
  const uri = `mongodb://127.0.0.1:${relay.port}/?directConnection=true&retryWrites=false`;
  const store = await openStore(uri, HANG_LIMITS);
  const { room, ada } = await createRoomWithAda(store);
  const drafts = [draft(ada), draft(ada)];
  relay.loseAnswerTo("insert");
  const messages = await append(store, room.id, drafts);
  assert.equal(relay.lost, 1);
  assert.deepEqual(
    messages.map(({ id, seq }) => [id, seq]),
    drafts.map(({ id }, i) => [id, i + 2]),
  );
  assert.deepEqual(await readAfter(store, room.id, 1, 10), messages);
  await store.close();
});

testOwnServer("a log goes on where a restored backup ends", async (server) => {
  const store = await server.connect();
  const { room, ada } = await createRoomWithAda(store);
  await append(store, room.id, [draft(ada), draft(ada), draft(ada)]);
  await server.kill();
  await server.start();
  await onServer(
    server.uri,
    (client) => client.db("echoroom").collection("messages").deleteMany({ seq: { $gt: 2 } }),
  );
  const [message] = await append(store, room.id, [draft(ada)]);
  assert.equal(message?.seq, 3);
});

Deno.test("MongoDB: messages of version 1 get ordinals at the start", async () => {
  const { uri, connect, drop } = newDatabase();
  await fillVersion1(uri, ["engines", "looms"], 5);
  const store = await connect();
  assert.deepEqual(await store.log.end("engines"), { seq: 5, n: 5 });
  const page = await store.messages.before("looms", LOG_LIMIT, 2);
  assert.deepEqual(page.map(({ seq }) => seq), [4, 5]);
  const ada = await store.users.find("ada");
  const [entry] = await store.log.append("looms", { seq: 5, n: 5 }, [creation(draft(ada!))]);
  assert.deepEqual([entry?.seq, entry?.n], [6, 6]);
  const [room] = await store.rooms.list("ada", { limit: 1 });
  const { type, postPolicy, archivedAt, slowModeSeconds, metadata } = room!;
  assert.deepEqual({ type, postPolicy, archivedAt, slowModeSeconds, metadata }, OPEN_SETTINGS);
  assert.equal(room!.memberCount, 1);
  assert.deepEqual([ada?.role, ada?.ban], ["member", null]);
  assert.deepEqual((await store.users.search(["ada"], 10, true)).map(({ id }) => id), ["ada"]);
  const [owner] = await store.members.list("engines", { limit: 10 });
  assert.deepEqual([owner?.user.id, owner?.role, owner?.joinedAt], ["ada", "owner", NOW]);
  assert.equal(await store.accounts.lastSeq("ada"), 2);
  const { items } = await store.accounts.itemsAfter("ada", 0, 10);
  assert.deepEqual(items.map(keyOf).toSorted(), ["room:engines", "room:looms"]);
  await store.close();
  assert.deepEqual(await migrationState(uri), { version: VERSION, withoutOrdinal: 0 });
  await drop();
});

Deno.test("MongoDB: several instances that start at once migrate together", async () => {
  const { uri, drop } = newDatabase();
  await fillVersion1(uri, ["engines"], 100);
  const open = () => connect(uri, HANG_LIMITS);
  const connections = await Promise.all([open(), open(), open()]);
  await Promise.all(connections.map(({ patiently }) => patiently((db) => migrate(db, 10))));
  assert.deepEqual(await migrationState(uri), { version: VERSION, withoutOrdinal: 0 });
  await Promise.all(connections.map(({ client }) => client.close()));
  await drop();
});

testOwnServer(
  "a migration that is killed halfway is completed by the next start",
  async (server) => {
    await fillVersion1(server.databaseUri, ["engines"], 100);
    using relay = new Relay(server.port);
    const answered = relay.withholdAnswersTo("update");
    const mongodb = "../src/adapters/store/mongodb";
    const paths = [`${mongodb}/connection.ts`, `${mongodb}/migrations.ts`, "./harness/deadline.ts"];
    const modules = paths.map((path) => JSON.stringify(import.meta.resolve(path)));
    const uri = `mongodb://127.0.0.1:${relay.port}/echoroom?directConnection=true`;
    const code = `import { connect } from ${modules[0]};
    import { migrate } from ${modules[1]};
    import { HANG_LIMITS } from ${modules[2]};
    const { patiently } = await connect("${uri}", HANG_LIMITS);
    await patiently((db) => migrate(db, 10));`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--config", fileURLToPath(import.meta.resolve("../deno.json")), code],
      stdout: "null",
    }).spawn();
    const ended = child.status.then(({ code }) => assert.fail(`it ended with ${code}`));
    await Promise.race([answered, ended]);
    kill(child);
    await child.status;
    const halfway = await migrationState(server.databaseUri);
    assert.equal(halfway.version, undefined);
    assert.ok(halfway.withoutOrdinal > 0 && halfway.withoutOrdinal < 100);

    const store = await server.connect();
    assert.deepEqual(await store.log.end("engines"), { seq: 100, n: 100 });
    assert.deepEqual(await migrationState(server.databaseUri), {
      version: VERSION,
      withoutOrdinal: 0,
    });
  },
);

Deno.test("MongoDB: a start that migrates says how many messages it has migrated", async () => {
  const { uri, drop } = newDatabase();
  await fillVersion1(uri, ["engines", "looms", "mills", "pumps", "boilers"], 5);
  const server = await spawnServer({ MONGODB_URI: uri, LOG_LEVEL: "info" });
  await server.stop();
  assert.match(server.output(), /Migrated 25 messages in \d+ s/);
  await drop();
});

Deno.test("MongoDB: mentions of version 3 are found among very many unread messages", async () => {
  const { uri, connect, drop } = newDatabase();
  const store = await connect();
  const { room, ada } = await createRoomWithAda(store);
  const named = { ...draft(ada), mentions: ["bob"] };
  await append(store, room.id, [named, { ...draft(ada), mentionsRoom: true }, draft(ada)]);
  await append(store, room.id, Array.from({ length: 100 }, () => draft(ada)));
  await store.close();
  await onServer(uri, async (client) => {
    const db = client.db();
    await db.collection("messages").updateMany({}, { $unset: { keys: "" } });
    const version3 = { $set: { version: 3 } };
    await db.collection<{ _id: string }>("meta").updateOne({ _id: "schema" }, version3);
  });
  const migrated = await connect();
  const counts = await migrated.members.countUnread("bob", new Map([[room.id, 1]]));
  assert.deepEqual(counts.get(room.id), { unread: 100, mentions: 2 });
  await migrated.close();
  assert.deepEqual(await migrationState(uri), { version: VERSION, withoutOrdinal: 0 });
  await drop();
});

Deno.test("MongoDB: reports of version 9 keep their files", async () => {
  const { uri, connect, drop } = newDatabase();
  const store = await connect();
  const { room, ada } = await createRoomWithAda(store);
  const [message] = await append(store, room.id, [draft(ada)]);
  const file = newAttachment();
  await store.reports.create(newReport({ ...message!, attachments: [file] }));
  await store.reports.create(newReport(message!));
  await store.close();
  await onServer(uri, async (client) => {
    const db = client.db();
    await db.collection("reports").updateMany({}, { $unset: { fileIds: "" } });
    const version9 = { $set: { version: 9 } };
    await db.collection<{ _id: string }>("meta").updateOne({ _id: "schema" }, version9);
  });
  const migrated = await connect();
  assert.equal(await migrated.reports.haveFile(file.id), true);
  assert.equal(await migrated.reports.haveFile(newAttachment().id), false);
  await migrated.close();
  assert.deepEqual(await migrationState(uri), { version: VERSION, withoutOrdinal: 0 });
  await drop();
});

Deno.test("MongoDB: documents of a later version are refused in one line", async () => {
  const { uri, drop } = newDatabase();
  await onServer(uri, async (client) => {
    const meta = client.db().collection<{ _id: string; version: number }>("meta");
    await meta.insertOne({ _id: "schema", version: VERSION + 1 });
  });
  const error = await openStore(uri, HANG_LIMITS).then(() => null, (error) => error);
  const versions = new RegExp(`version ${VERSION + 1}[^\\n]*version ${VERSION}`);
  assert.match(error.message, /^MongoDB .* cannot be prepared: [^\n]*$/);
  assert.match(error.message, versions);
  await drop();
});

Deno.test("MongoDB: a migration that an instance of version 1 writes into is refused", async () => {
  const { uri, drop } = newDatabase();
  await fillVersion1(uri, ["engines"], 5);
  await onServer(uri, async (client) => {
    // Passed over as messages are that were inserted behind the migration's cursor.
    const messages = client.db().collection<MessageDocument>("messages");
    await messages.updateMany({ seq: { $gt: 3 } }, { $set: { n: null as unknown as number } });
  });
  const error = await openStore(uri, HANG_LIMITS).then(() => null, (error) => error);
  assert.match(error.message, /^MongoDB .* earlier version still writes to it; stop all[^\n]+$/);
  assert.equal((await migrationState(uri)).version, undefined);
  await drop();
});

Deno.test("MongoDB: what an instance of version 1 appends later gets its ordinal", async () => {
  const { uri, connect, drop } = newDatabase();
  await fillVersion1(uri, ["engines", "looms"], 2);
  const stores = [await connect(), await connect()] as const;
  await onServer(uri, async (client) => {
    const messages = client.db().collection<Version1Message>("messages");
    await messages.insertMany([version1Message("engines", 3), version1Message("looms", 3)]);
  });
  assert.deepEqual(await stores[0].log.end("engines"), { seq: 3, n: 3 });
  const [entry] = await stores[0].log.entriesAfter("looms", 2, 10);
  assert.deepEqual([entry?.seq, entry?.n], [3, 3]);
  for (const store of stores) {
    const ada = await store.users.find("ada");
    await append(store, "engines", [draft(ada!)]);
  }
  const page = await stores[0].messages.before("engines", LOG_LIMIT, 10);
  assert.deepEqual(page.map(({ seq }) => seq), [1, 2, 3, 4, 5]);
  await Promise.all(stores.map((store) => store.close()));
  await drop();
});

testOwnServer("an index may take longer to build than a step of an operation", async (server) => {
  using relay = new Relay(server.port);
  // Long enough for all other steps on a busy machine.
  const step = 10_000;
  relay.delayAnswersTo("createIndexes", 2 * step);
  const uri = `mongodb://127.0.0.1:${relay.port}/?directConnection=true`;
  const store = await openStore(uri, { ...HANG_LIMITS, step });
  await store.close();
});

/** Does something that may be done twice, again while it is refused as unavailable. */
async function onceAvailable<T>(work: () => Promise<T>): Promise<T> {
  const outcomes = () => work().then((value) => ({ value }), (error) => ({ error }));
  const outcome = await patiently(
    outcomes,
    (each) => "error" in each && hasCode(each.error, "unavailable"),
  );
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}

/** Registers a test that gets a server of its own; where none can be had it is named as ignored. */
function testOwnServer(sentence: string, run: (server: OwnServer) => Promise<void>): void {
  Deno.test({ name: `MongoDB: ${sentence}`, ignore: !MongodbServer.available }, async () => {
    const server = new OwnServer();
    try {
      await server.start();
      await run(server);
    } finally {
      await server.remove();
    }
  });
}

/** A server with the stores that a test has opened on it. */
class OwnServer extends MongodbServer {
  readonly #stores: Store[] = [];

  /** Of the database that `connect` opens, for clients that are not a store. */
  get databaseUri(): string {
    return `${this.uri}/echoroom`;
  }

  async connect(limits = HANG_LIMITS): Promise<Store> {
    const store = await openStore(this.uri, limits);
    this.#stores.push(store);
    return store;
  }

  override async remove(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
    await super.remove();
  }
}

/** A message as version 1 wrote it. */
type Version1Message = Omit<MessageDocument, "n">;

/** Fills a database as version 1 left it: rooms of Ada's, each with so many messages. */
async function fillVersion1(uri: string, roomIds: string[], count: number): Promise<void> {
  const room = { creatorId: "ada", description: null, createdAt: NOW, updatedAt: NOW };
  await onServer(uri, async (client) => {
    const { users, rooms, messages } = collectionsOf(client.db());
    await users.insertOne(fromUser(newUser({ id: "ada", createdAt: NOW, updatedAt: NOW })));
    const old = roomIds.map((id) => ({ _id: id, name: id, slug: id, ...room }));
    await rooms.insertMany(old as unknown as RoomDocument[]);
    await messages.createIndexes([
      { key: { roomId: 1, seq: 1 }, unique: true },
      { key: { roomId: 1, senderId: 1, clientMessageId: 1 }, unique: true },
    ]);
    const seqs = Array.from({ length: count }, (_, i) => i + 1);
    await messages.insertMany(
      roomIds.flatMap((id) => seqs.map((seq) => version1Message(id, seq) as MessageDocument)),
    );
  });
}

function version1Message(roomId: string, seq: number): Version1Message {
  const [_id, clientMessageId] = [crypto.randomUUID(), crypto.randomUUID()];
  const times = { createdAt: NOW, updatedAt: NOW };
  return {
    _id,
    roomId,
    seq,
    senderId: "ada",
    text: "Hi",
    system: false,
    clientMessageId,
    ...times,
  };
}

/** How far a database is migrated. */
function migrationState(uri: string) {
  return onServer(uri, async (client) => {
    const db = client.db();
    const schema = await db.collection("meta").findOne({});
    const withoutOrdinal = await db.collection("messages").countDocuments({ n: null });
    return { version: schema?.version, withoutOrdinal };
  });
}

/** Stands between a store and its server: cuts, withholds or delays the answers to a command. */
class Relay {
  readonly port: number;
  /** How many answers it has cut off. */
  lost = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #serverPort: number;
  #command: string | null = null;
  /** What happens to the answers: the connection is cut if it rejects. */
  #beforeAnswer: () => Promise<void> = () => Promise.resolve();

  constructor(serverPort: number) {
    this.port = this.#listener.addr.port;
    this.#serverPort = serverPort;
    this.#accept();
  }

  /** Cuts the next connection that carries the command, once the server has answered it. */
  loseAnswerTo(command: string): void {
    this.#on(command, () => {
      this.#command = null;
      this.lost++;
      return Promise.reject(new Error("cut"));
    });
  }

  /** Resolves once the server has answered the command; no such answer passes. */
  withholdAnswersTo(command: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#on(command, () => {
      resolve();
      return new Promise(() => {});
    });
    return promise;
  }

  delayAnswersTo(command: string, milliseconds: number): void {
    this.#on(command, () => sleep(milliseconds));
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }

  #on(command: string, beforeAnswer: () => Promise<void>): void {
    this.#command = command;
    this.#beforeAnswer = beforeAnswer;
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) this.#join(client);
  }

  async #join(client: Deno.Conn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#serverPort });
    let marked = false;
    const watch = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        // BSON ends a field's name, and so the command's, with a NUL.
        const carried = this.#command !== null &&
          new TextDecoder().decode(chunk).includes(`${this.#command}\0`);
        if (carried) marked = true;
        controller.enqueue(chunk);
      },
    });
    const answer = new TransformStream<Uint8Array, Uint8Array>({
      transform: async (chunk, controller) => {
        if (marked) await this.#beforeAnswer();
        marked = false;
        controller.enqueue(chunk);
      },
    });
    await Promise.allSettled([
      client.readable.pipeThrough(watch).pipeTo(server.writable),
      server.readable.pipeThrough(answer).pipeTo(client.writable),
    ]);
  }
}

function withCredentials(uri: string, credentials: string): string {
  return uri.replace(/:\/\/([^/?]*@)?/, `://${credentials}@`);
}

/** The message with which a URI is refused: one line, and without the credentials. */
async function refusal(uri: string): Promise<string> {
  const error = await openStore(uri).then(() => null, (error) => error);
  assert.ok(error instanceof Error, "it was not refused");
  assert.doesNotMatch(error.message, /\n|secret|se\/cret/);
  return error.message;
}
