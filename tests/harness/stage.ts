/** A server with people on it, for one test: whatever was opened is closed when the test ends. */
import assert from "node:assert/strict";
import { Account } from "./account.ts";
import { HANG_MS } from "./deadline.ts";
import { RawSocket } from "./raw_socket.ts";
import { startServer, type TestServer } from "./server.ts";
import { type SocketOptions, TestSocket } from "./socket.ts";
import { SQLITE, type StoreSetting } from "./stores.ts";

export class Stage {
  readonly server: TestServer;
  readonly #sockets: TestSocket[] = [];
  readonly #raw: RawSocket[] = [];

  constructor(server: TestServer) {
    this.server = server;
  }

  /** Registers people of these names, the first before the others: a server's first is an admin. */
  async people<const Names extends string[]>(...names: Names) {
    const register = (name: string) => Account.register(this.server.url, name);
    const first = await Promise.all(names.slice(0, 1).map(register));
    const others = await Promise.all(names.slice(1).map(register));
    return [...first, ...others] as { [Name in keyof Names]: Account };
  }

  /** Opens a socket that has not identified itself. */
  async open(options?: SocketOptions): Promise<TestSocket> {
    return this.#keep(await TestSocket.open(this.server.url, options));
  }

  /** Opens a socket that has identified itself. */
  async connect(
    { token }: { token: string },
    options?: SocketOptions,
  ): Promise<TestSocket> {
    return this.#keep(await TestSocket.connect({ url: this.server.url, token }, options));
  }

  /** Opens a socket that has identified itself and joined a room. */
  async join(
    account: { token: string },
    roomId: string,
    options?: SocketOptions,
  ): Promise<TestSocket> {
    const socket = await this.connect(account, options);
    const { event, data } = await socket.call("room:join", { roomId });
    if (event !== "room:joined") throw new Error(`join: ${JSON.stringify(data)}`);
    return socket;
  }

  /** Opens a socket whose frames the test makes by hand. */
  async raw(headers?: Record<string, string>): Promise<RawSocket> {
    const socket = await RawSocket.open(this.server.url, headers);
    this.#raw.push(socket);
    return socket;
  }

  /** Asserts that a new user can sign up, join and chat. */
  async servesANewcomer(): Promise<void> {
    const [newcomer] = await this.people("Newcomer");
    const room = await newcomer.createRoom("Newcomer's room");
    const socket = await TestSocket.connect(newcomer);
    await socket.call("room:join", { roomId: room.id });
    const { event } = await socket.call("message:send", { roomId: room.id, text: "Is it on?" });
    if (event !== "message:ack") throw new Error(`a newcomer got ${event}`);
    await socket.event("message:new", ({ seq }) => seq === 2);
    await socket.close();
  }

  async end(): Promise<void> {
    for (const socket of this.#raw) socket.drop();
    await Promise.all(this.#sockets.map((socket) => socket.close()));
    await this.server.stop();
  }

  #keep(socket: TestSocket): TestSocket {
    this.#sockets.push(socket);
    return socket;
  }
}

let store: StoreSetting = SQLITE;

/** Sets what stages run on from now on. */
export function setStageStore(setting: StoreSetting): void {
  store = setting;
}

export function stageStore(): StoreSetting {
  return store;
}

/** Runs `act` on a server of its own, started with `settings` beside the usual ones of tests. */
export async function onStage(
  act: (stage: Stage) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  await withStage(await startServer({ ...await store.fresh(), ...settings }), act);
}

/** Runs `act` on a server, closes what it has opened, and stops the server. */
export async function withStage(
  server: TestServer,
  act: (stage: Stage) => Promise<void>,
): Promise<void> {
  const stage = new Stage(server);
  try {
    await act(stage);
  } finally {
    await stage.end();
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Resolves after all microtasks of the current turn. */
export function nextTurn(): Promise<void> {
  return sleep(0);
}

/** Resolves once `holds` is true; fails when it is not within `milliseconds`. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  milliseconds = HANG_MS,
): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!await holds()) {
    if (Date.now() > deadline) assert.fail(`never: ${what}`);
    await sleep(50);
  }
}

/** How often what the bus may lose is done again. */
const REPEAT_MS = 1_000;

/** Does something, again each second until `holds` is true; for what is shown by an event of the bus. */
export async function repeatUntil(
  holds: () => boolean,
  act: () => void,
  what: string,
): Promise<void> {
  act();
  const timer = setInterval(act, REPEAT_MS);
  try {
    await until(holds, what);
  } finally {
    clearInterval(timer);
  }
}

/** Types on a socket until another one is shown that somebody does. */
export async function typeUntilShown(typist: TestSocket, watcher: TestSocket, roomId: string) {
  const isShown = () => watcher.all("typing:update").some(({ isTyping }) => isTyping);
  await repeatUntil(isShown, () => typist.send("typing:start", { roomId }), "typing is shown");
}
