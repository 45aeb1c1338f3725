/** The MongoDB store on a real server: the suite of every store, and what is MongoDB's own. */
import assert from "node:assert/strict";
import { connect } from "../src/adapters/store/mongodb/connection.ts";
import type { MessageDocument } from "../src/adapters/store/mongodb/documents.ts";
import { LogEnds } from "../src/adapters/store/mongodb/log_ends.ts";
import { MongoStore } from "../src/adapters/store/mongodb/store.ts";
import type { MessageDraft } from "../src/domain/message.ts";
import type { NewRoom } from "../src/domain/room.ts";
import { publicUser, type User } from "../src/domain/user.ts";
import type { Store } from "../src/ports/store/store.ts";
import { append, creation, readAfter, type TestDatabase } from "./conformance/store/fixtures.ts";
import { testStore } from "./conformance/store/store.ts";
import { MongodbServer, onServer } from "./harness/mongodb_server.ts";
import { freePort } from "./servers/service.ts";

const SERVER_URI = Deno.env.get("TEST_MONGODB_URI");
if (!SERVER_URI) {
  throw new Error("TEST_MONGODB_URI is not set; `deno task test` finds or starts a server for it.");
}

const UNAVAILABLE = { name: "ChatError", code: "unavailable" };
const NOW = new Date("2026-01-01T12:34:56.789Z");

testStore("MongoDB", () => Promise.resolve(newDatabase()));

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
  const stores = [await connect(), await openStore(withCredentials(uri, "somebody:secret"))];
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
    const messages = client.db().collection<MessageDocument>("messages");
    await messages.createIndex({ roomId: 1, seq: 1 }, { unique: true });
    let length = 0;
    for (const end of [0, 1, 2, 3, 64, 65, 130, 1_000]) {
      const entries = Array.from({ length: end - length }, (_, i) => {
        const seq = length + i + 1;
        return { roomId: "room", seq, n: 2 * seq } as MessageDocument;
      });
      if (entries.length > 0) await messages.insertMany(entries);
      length = end;
      for (const hint of [undefined, 0, 1, end - 1, end, end + 1, 2 * end, 5_000]) {
        const ends = new LogEnds(messages);
        if (hint !== undefined) ends.saw("room", { seq: hint, n: 2 * hint });
        const found = await ends.find("room");
        assert.deepEqual(found, { seq: end, n: 2 * end }, `end ${end}, hint ${hint}`);
      }
    }
  });
  await drop();
});

Deno.test("MongoDB: an open store has its indexes, those of messages led by the room", async () => {
  const { uri, connect, drop } = newDatabase();
  const store = await connect();
  const indexes = await onServer(uri, async (client) => {
    const named = ["users", "rooms", "messages", "sessions"].map(async (name) => {
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
    "messages roomId,n unique",
    "messages roomId,senderId,clientMessageId unique",
    "messages roomId,seq unique",
    "rooms name,_id",
    "rooms slug unique",
    "sessions expiresAt",
    "users email unique",
  ]);
});

testOwnServer("the database is echoroom unless the URI names one", async (server) => {
  const store = await server.connect();
  assert.ok(store.description.includes("/echoroom,"), store.description);
});

testOwnServer("a killed server is unavailable, and nothing acked is lost", async (server) => {
  const store = await server.connect();
  const { room, ada } = await createRoomWithAda(store);
  const acked = await append(store, room.id, [newDraft(ada), newDraft(ada)]);
  const cut = newDraft(ada);
  const outcome = append(store, room.id, [cut]).catch((error) => error);
  await server.kill();
  const answer = await outcome;
  if (!Array.isArray(answer)) assert.equal(answer.code, "unavailable");
  await Promise.all([
    assert.rejects(store.ping(), UNAVAILABLE),
    assert.rejects(store.users.find(ada.id), UNAVAILABLE),
    assert.rejects(append(store, room.id, [newDraft(ada)]), UNAVAILABLE),
  ]);

  await server.start();
  await store.ping();
  const [repeated] = await append(store, room.id, [cut]);
  assert.equal(repeated?.seq, 4);
  assert.deepEqual(await readAfter(store, room.id, 1, 10), [...acked, repeated]);
});

testOwnServer("an append to a server that hangs ends, and its repeat is safe", async (server) => {
  const store = await server.connect();
  const { room, ada } = await createRoomWithAda(store);
  const drafts = [newDraft(ada), newDraft(ada)];
  server.suspend();
  await assert.rejects(append(store, room.id, drafts), UNAVAILABLE);
  server.resume();
  const messages = await append(store, room.id, drafts);
  assert.deepEqual(messages.map((message) => message.seq), [2, 3]);
  assert.deepEqual(await readAfter(store, room.id, 1, 10), messages);
});

testOwnServer("an append whose answer was lost is acked with what it stored", async (server) => {
  using relay = new Relay(server.port);
  // Without the driver's own retry, as on a standalone server.
  const uri = `mongodb://127.0.0.1:${relay.port}/?directConnection=true&retryWrites=false`;
  const store = await openStore(uri);
  const { room, ada } = await createRoomWithAda(store);
  const drafts = [newDraft(ada), newDraft(ada)];
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
  await append(store, room.id, [newDraft(ada), newDraft(ada), newDraft(ada)]);
  await server.kill();
  await server.start();
  await onServer(
    server.uri,
    (client) => client.db("echoroom").collection("messages").deleteMany({ seq: { $gt: 2 } }),
  );
  const [message] = await append(store, room.id, [newDraft(ada)]);
  assert.equal(message?.seq, 3);
});

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

  async connect(): Promise<Store> {
    const store = await openStore(this.uri);
    this.#stores.push(store);
    return store;
  }

  override async remove(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
    await super.remove();
  }
}

/** Stands between a store and its server, and can cut a connection before an answer passes. */
class Relay {
  readonly port: number;
  /** How many answers it has cut off. */
  lost = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #serverPort: number;
  #command: string | null = null;

  constructor(serverPort: number) {
    this.port = this.#listener.addr.port;
    this.#serverPort = serverPort;
    this.#accept();
  }

  /** Cuts the next connection that carries the command, once the server has answered it. */
  loseAnswerTo(command: string): void {
    this.#command = command;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) this.#join(client);
  }

  async #join(client: Deno.Conn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#serverPort });
    let doomed = false;
    const watch = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        // BSON ends a field's name, and so the command's, with a NUL.
        const carried = this.#command !== null &&
          new TextDecoder().decode(chunk).includes(`${this.#command}\0`);
        if (carried) [doomed, this.#command] = [true, null];
        controller.enqueue(chunk);
      },
    });
    const cut = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        if (!doomed) return controller.enqueue(chunk);
        this.lost++;
        controller.error(new Error("cut"));
      },
    });
    await Promise.allSettled([
      client.readable.pipeThrough(watch).pipeTo(server.writable),
      server.readable.pipeThrough(cut).pipeTo(client.writable),
    ]);
  }
}

/** A database that no other test uses, on the server that the environment names. */
function newDatabase(): TestDatabase & { uri: string } {
  const name = `echoroom_test_${crypto.randomUUID().replaceAll("-", "")}`;
  const uri = withDatabase(SERVER_URI ?? "", name);
  return {
    uri,
    connect: () => openStore(uri),
    drop: async () => {
      await onServer(uri, (client) => client.db().dropDatabase());
    },
  };
}

/** `new URL` would refuse the several hosts of a replica set. */
async function openStore(uri: string): Promise<MongoStore> {
  return await MongoStore.open(await connect(uri));
}

function withDatabase(uri: string, name: string): string {
  return uri.replace(/^([^:]+:\/\/[^/?]+)(\/[^?]*)?/, `$1/${name}`);
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

async function createRoomWithAda(store: Store): Promise<{ room: NewRoom; ada: User }> {
  const ada: User = {
    id: "ada",
    email: "ada@example.org",
    passwordHash: "",
    displayName: "Ada",
    avatarUrl: null,
    onboardingCompleted: false,
    createdAt: NOW,
    updatedAt: NOW,
  };
  const room: NewRoom = {
    id: "engines",
    name: "Engines",
    slug: "engines",
    description: null,
    createdBy: publicUser(ada),
    createdAt: NOW,
    updatedAt: NOW,
  };
  await store.users.create(ada);
  await store.rooms.create(room, creation(newDraft(ada)));
  return { room, ada };
}

function newDraft(sender: User): MessageDraft {
  return {
    id: crypto.randomUUID(),
    sender: publicUser(sender),
    text: "Hello",
    system: false,
    clientMessageId: crypto.randomUUID(),
    createdAt: NOW,
  };
}
