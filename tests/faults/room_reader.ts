/** Reads all of a room through the API of every instance: its log in both ways, and who is there. */
import { request } from "../harness/account.ts";
import { TestSocket } from "../harness/socket.ts";
import type { RoomRecord } from "./checker.ts";
import type { Entry } from "./client.ts";

export interface Reader {
  /** Where the instances are. */
  urls: readonly string[];
  /** Of a user who is in the room already, so that reading does not change the presence. */
  token: string;
}

export class RoomReader {
  readonly #roomId: string;
  readonly #reader: Reader;
  /** One socket in the room on each instance. */
  readonly #sockets: TestSocket[];

  private constructor(roomId: string, reader: Reader, sockets: TestSocket[]) {
    this.#roomId = roomId;
    this.#reader = reader;
    this.#sockets = sockets;
  }

  /** Joins the room on every instance, and stays: presence arrives in updates. */
  static async open(roomId: string, reader: Reader): Promise<RoomReader> {
    const { urls, token } = reader;
    const sockets = await Promise.all(urls.map((url) => TestSocket.connect({ url, token })));
    await Promise.all(sockets.map((socket) => call(socket, "room:join", { roomId })));
    return new RoomReader(roomId, reader, sockets);
  }

  /** Reads the room as it is now. */
  async read(): Promise<RoomRecord> {
    return {
      roomId: this.#roomId,
      recovered: await this.#recover(),
      history: await this.#readHistory(),
      online: this.#sockets.map(countOnline),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => socket.close()));
  }

  async #recover(): Promise<Entry[]> {
    const entries: Entry[] = [];
    let page = { lastSeq: 0, hasMore: true };
    while (page.hasMore) {
      const cursor = { roomId: this.#roomId, lastSeenSeq: page.lastSeq };
      const { messages, ...rest } = await call(this.#sockets[0]!, "connection:recover", cursor);
      entries.push(...messages.map(toEntry));
      page = rest;
    }
    return entries;
  }

  /** Asks the last instance, where recovery asks the first. */
  async #readHistory(): Promise<Entry[]> {
    const { urls, token } = this.#reader;
    const entries: Entry[] = [];
    let hasMore = true;
    while (hasMore) {
      const before = entries[0] ? `&before=${entries[0].id}` : "";
      const path = `/rooms/${this.#roomId}/messages?limit=100${before}`;
      const { status, body } = await request(urls.at(-1)!, "GET", path, { token });
      if (status !== 200) throw new Error(`history: ${JSON.stringify(body)}`);
      entries.unshift(...body.messages.map(toEntry));
      ({ hasMore } = body);
    }
    return entries;
  }
}

async function call(socket: TestSocket, command: string, content: unknown) {
  const { event, data } = await socket.call(command, content);
  if (event === "error") throw new Error(`${command}: ${JSON.stringify(data)}`);
  return data;
}

/** The number of online users by the last update to this socket. */
function countOnline(socket: TestSocket): number {
  const [joined] = socket.all("room:joined");
  return socket.all("presence:update").at(-1)?.count ?? joined.onlineCount;
}

function toEntry({ seq, id, clientMessageId, text }: Entry): Entry {
  return { seq, id, clientMessageId, text };
}
