/** A room of two people, who change its messages over either of the transports. */
import assert from "node:assert/strict";
import type { Account } from "./account.ts";
import type { TestSocket } from "./socket.ts";
import { startServer } from "./server.ts";
import { shareServer } from "./shared_server.ts";
import { setStageStore, type Stage, withStage } from "./stage.ts";
import { shareDatabase, SQLITE, type StoreSetting } from "./stores.ts";

// deno-lint-ignore no-explicit-any -- tests look into answers of every shape
type Data = any;

/** What has become of a command: the answer, or the code of its refusal. */
export type Outcome = { data: Data; code?: undefined } | { data?: undefined; code: string };

export interface Person {
  account: Account;
  /** Joined to the room. */
  socket: TestSocket;
}

export interface Transport {
  name: string;
  /** Does what an event of the WebSocket's protocol asks for. */
  call(person: Person, event: string, data: Data): Promise<Outcome>;
}

export const WEB_SOCKET: Transport = {
  name: "the WebSocket",
  async call({ socket }, event, asked) {
    const { event: answer, data } = await socket.call(event, asked);
    return answer === "error" ? { code: data.code } : { data };
  },
};

export const REST: Transport = {
  name: "REST",
  async call({ account }, event, { roomId, messageId, emoji, ...body }) {
    const messages = `/rooms/${roomId}/messages`;
    const message = `${messages}/${encodeURIComponent(messageId)}`;
    const reaction = `${message}/reactions/${encodeURIComponent(emoji)}`;
    const requests: Record<string, [method: string, path: string, body?: unknown]> = {
      "message:send": ["POST", messages, body],
      "message:edit": ["PATCH", message, body],
      "message:delete": ["DELETE", message],
      "message:pin": ["PUT", `${message}/pin`],
      "message:unpin": ["DELETE", `${message}/pin`],
      "reaction:add": ["PUT", reaction],
      "reaction:remove": ["DELETE", reaction],
    };
    const answer = await account.request(...requests[event]!);
    return answer.status < 400 ? { data: answer.body } : { code: answer.body.code };
  },
};

/** Ada, who made the room, and Bob. */
export class Chat {
  readonly stage: Stage;
  readonly ada: Person;
  readonly bob: Person;
  readonly roomId: string;
  readonly transport: Transport;

  private constructor(
    stage: Stage,
    transport: Transport,
    room: { id: string; ada: Person; bob: Person },
  ) {
    this.stage = stage;
    this.transport = transport;
    this.roomId = room.id;
    this.ada = room.ada;
    this.bob = room.bob;
  }

  static async open(stage: Stage, transport = WEB_SOCKET): Promise<Chat> {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { id } = await ada.createRoom("Room");
    const enter = async (account: Account) => ({ account, socket: await stage.join(account, id) });
    return new Chat(stage, transport, { id, ada: await enter(ada), bob: await enter(bob) });
  }

  /** Somebody else, who is in the room. */
  async newPerson(name: string): Promise<Person> {
    const [account] = await this.stage.people(name);
    return { account: account!, socket: await this.stage.join(account!, this.roomId) };
  }

  /** Does something, by default in the room. */
  try(person: Person, event: string, data: Data): Promise<Outcome> {
    return this.transport.call(person, event, { roomId: this.roomId, ...data });
  }

  /** Does something that is not refused, and returns the answer. */
  async do(person: Person, event: string, data: Data): Promise<Data> {
    const outcome = await this.try(person, event, data);
    assert.equal(outcome.code, undefined, `${event} ${JSON.stringify(data).slice(0, 200)}`);
    return (outcome as { data: Data }).data;
  }

  /** Asserts that something is refused with this code. */
  async refuses(person: Person, event: string, data: Data, code: string): Promise<void> {
    const outcome = await this.try(person, event, data);
    assert.equal(outcome.code, code, `${event} ${JSON.stringify(data).slice(0, 200)}`);
  }

  /** Sends a message, and returns its id. */
  async send(person: Person, text = "Hello", content: Data = {}): Promise<string> {
    const { id, message } = await this.do(person, "message:send", { text, ...content });
    return id ?? message.id;
  }

  /** Reads a path below the room's. */
  async get({ account }: Person, path: string): Promise<Data> {
    const { status, body } = await account.request("GET", `/rooms/${this.roomId}${path}`);
    assert.equal(status, 200, `${path} ${JSON.stringify(body)}`);
    return body;
  }

  /** A message as it is now. */
  async message(id: string): Promise<Data> {
    return (await this.get(this.ada, `/messages/${id}`)).message;
  }

  /** What a socket of Bob's is answered that joins anew. */
  async joined(): Promise<Data> {
    return (await this.bob.socket.call("room:join", { roomId: this.roomId })).data;
  }

  /** What a socket that has just opened is answered when it recovers. */
  async missed(lastSeenSeq: number, more: Data = {}): Promise<Data> {
    const socket = await this.stage.connect(this.bob.account);
    const asked = { roomId: this.roomId, lastSeenSeq, ...more };
    const { event, data } = await socket.call("connection:recover", asked);
    assert.equal(event, "connection:missed", JSON.stringify(data));
    return data;
  }
}

/** What tests run on: tests without settings of their own share a server, others only a database. */
function runOn(store: StoreSetting) {
  return { store, shared: shareServer(store), own: shareDatabase(store) };
}

let place = runOn(SQLITE);
let turn = 0;

/**
 * Sets what the tests that are registered from now on run on once more. What is decided above the
 * store was tested over both transports then: they take turns.
 */
export function setStore(store: StoreSetting): void {
  place = runOn(store);
  setStageStore(store);
}

function register(
  sentence: string,
  act: (stage: Stage) => Promise<void>,
  settings: Record<string, string>,
): void {
  const { store, shared, own } = place;
  const prefix = store === SQLITE ? "" : `${store.name}: `;
  const isPlain = Object.keys(settings).length === 0;
  Deno.test(prefix + sentence, async () => {
    const server = isPlain ? await shared() : await startServer({ ...await own(), ...settings });
    await withStage(server, act);
  });
}

/** Registers a test on a room, over the WebSocket; with settings, on a server of its own. */
export function testInRoom(
  sentence: string,
  act: (chat: Chat) => Promise<void>,
  settings: Record<string, string> = {},
): void {
  register(sentence, async (stage) => act(await Chat.open(stage)), settings);
}

/** Registers a test on a room once for each transport; once more on another store, for one. */
export function testOverBoth(
  sentence: string,
  act: (chat: Chat) => Promise<void>,
  settings: Record<string, string> = {},
): void {
  const both = [WEB_SOCKET, REST];
  const transports = place.store === SQLITE ? both : [both[turn++ % both.length]!];
  for (const transport of transports) {
    const open = async (stage: Stage) => act(await Chat.open(stage, transport));
    register(`over ${transport.name}: ${sentence}`, open, settings);
  }
}

/** The user as others see them. */
export function publicOf({ account }: Person, displayName: string) {
  return { id: account.id, displayName, avatarUrl: null };
}
