/** Servers with people in browsers, and what tests do with their clients. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { ChatMessage, Client, ClientOptions, Room } from "../../src/client/mod.ts";
import { becomes, newAccount, reaches, TestBrowser } from "./client.ts";
import { HANG_MS } from "./deadline.ts";
import { type ServerProcess, spawnServer, startServer, type TestServer } from "./server.ts";

/** What starts the servers of worlds; `client_double.ts` puts another one in. */
export const servers = { start: startServer };

/** Never gives up a connection during a test, and never reconnects by itself. */
export const PATIENT = {
  answerMs: HANG_MS,
  silenceMs: HANG_MS,
  firstRetryMs: 1e9,
  longestRetryMs: 1e9,
};

export interface Person {
  client: Client;
  browser: TestBrowser;
  account: { email: string; password: string };
}

/** A server and those who use it; all of them are closed with it. */
export class World {
  server: TestServer;
  readonly #browsers: TestBrowser[] = [];

  constructor(server: TestServer) {
    this.server = server;
  }

  /** A client in a new browser. */
  readonly newPage = (options: ClientOptions = {}): Client => {
    return this.#newBrowser().open(this.server.url, options);
  };

  /** A user who is signed in and online. */
  readonly newPerson = async (name: string, options: ClientOptions = {}): Promise<Person> => {
    const browser = this.#newBrowser();
    const client = browser.open(this.server.url, options);
    const account = newAccount(name);
    await client.register(account);
    await reaches(client.connection, "online");
    return { client, browser, account };
  };

  /** Makes a room with one entry, and returns its slug. */
  readonly newRoom = async ({ client }: { client: Client }): Promise<string> =>
    (await client.api.createRoom({ name: "Room" })).slug;

  #newBrowser(): TestBrowser {
    const browser = new TestBrowser();
    this.#browsers.push(browser);
    return browser;
  }

  async end(): Promise<void> {
    for (const browser of this.#browsers) browser.close();
    await this.server.stop();
  }
}

export async function onServer(
  act: (world: World) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  const world = new World(await servers.start(settings));
  try {
    await act(world);
  } finally {
    await world.end();
  }
}

export interface RoomWorld {
  server: TestServer;
  ada: Person;
  bob: Person;
  slug: string;
}

/** A room of Ada's, whom Bob may visit. */
export function onRoom(
  act: (world: RoomWorld) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  return onServer(async ({ server, newPerson, newRoom }) => {
    const [ada, bob] = await Promise.all([newPerson("Ada"), newPerson("Bob")]);
    await act({ server, ada, bob, slug: await newRoom(ada) });
  }, settings);
}

/** A server in a process of its own, which may end and come back at the same address. */
export class ProcessWorld extends World {
  #process: ServerProcess;

  constructor(process: ServerProcess) {
    super(process);
    this.#process = process;
  }

  /** @param meanwhile is done while there is no server */
  readonly restart = async (
    signal: Deno.Signal,
    meanwhile: () => Promise<void> = () => Promise.resolve(),
    settings: Record<string, string> = {},
  ): Promise<void> => {
    const { port } = new URL(this.server.url);
    this.#process.kill(signal);
    await this.#process.ended;
    await meanwhile();
    this.#process = await spawnServer({ ...this.server.settings, PORT: port, ...settings });
    this.server = this.#process;
  };

  /** Copies the database of a server that has ended. */
  readonly backUp = async (): Promise<string> => {
    const folder = this.server.settings.DATA_DIR!;
    const copy = await Deno.makeTempDir();
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile) await Deno.copyFile(join(folder, name), join(copy, name));
    }
    return copy;
  };
}

export async function onProcess(act: (world: ProcessWorld) => Promise<void>): Promise<void> {
  const world = new ProcessWorld(await spawnServer());
  try {
    await act(world);
  } finally {
    await world.end();
  }
}

export async function enter(client: Client, idOrSlug: string): Promise<Room> {
  const room = client.join(idOrSlug);
  await reaches(room.state, "live");
  return room;
}

export function enterBoth(ada: Person, bob: Person, slug: string): Promise<[Room, Room]> {
  return Promise.all([enter(ada.client, slug), enter(bob.client, slug)]);
}

/** Writes without a connection, and closes the page. */
export async function writeOffline(
  { client }: Person,
  slug: string,
  texts: string[],
): Promise<void> {
  const room = await enter(client, slug);
  client.disconnect();
  for (const text of texts) room.send(text).catch(() => {});
  client.close();
}

export async function write({ client }: Person, slug: string, count: number): Promise<void> {
  const room = client.join(slug);
  await Promise.all(range(1, count).map((i) => room.send(`Message ${i}`)));
  room.leave();
}

/** Waits until so many messages are shown, all of them the server's. */
export async function shows(room: Room, count: number): Promise<void> {
  const isSent = ({ state }: ChatMessage) => state === "sent";
  await becomes(room.messages, (all) => all.length >= count && all.every(isSent));
  assert.equal(room.messages.get().length, count);
}

export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

export function texts(room: Room): string[] {
  return room.messages.get().map(({ text }) => text);
}

export function seqs(room: Room): (number | null)[] {
  return room.messages.get().map(({ seq }) => seq);
}
