/** Reads all of a room through the API of every instance: its log in both ways, and who is there. */
import { request } from "../harness/account.ts";
import { TestSocket } from "../harness/socket.ts";
import { keepNewest, type RoomRecord, shownIn, type State, stateOf } from "./record.ts";

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
    const sockets = await allOrNone(urls.map((url) => TestSocket.connect({ url, token })));
    try {
      await Promise.all(sockets.map((socket) => call(socket, "room:join", { roomId })));
    } catch (error) {
      await Promise.all(sockets.map((socket) => socket.close()));
      throw error;
    }
    return new RoomReader(roomId, reader, sockets);
  }

  /** Reads the room as it is now. */
  async read(): Promise<RoomRecord> {
    const recovery = await this.#recover();
    const [history, pins, joined] = await Promise.all([
      this.#readHistory(),
      this.#readPins(),
      Promise.all(this.#sockets.map((socket) => this.#join(socket))),
    ]);
    const online = this.#sockets.map(countOnline);
    return { roomId: this.#roomId, ...recovery, history, pins, joined, online };
  }

  async close(): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => socket.close()));
  }

  async #recover(): Promise<Pick<RoomRecord, "head" | "recovered">> {
    const messages = new Map<string, State>();
    let page = { lastSeq: 0, hasMore: true, messages: [] };
    while (page.hasMore) {
      const cursor = { roomId: this.#roomId, lastSeenSeq: page.lastSeq };
      page = await call(this.#sockets[0]!, "connection:recover", cursor);
      keepNewest(messages, shownIn(page).messages);
    }
    const recovered = [...messages.values()].toSorted((a, b) => a.changedSeq - b.changedSeq);
    return { head: page.lastSeq, recovered };
  }

  /** Joins once more, which shows the room as the instance has it. */
  async #join(socket: TestSocket): Promise<RoomRecord["joined"][number]> {
    const { lastSeq, messages } = await call(socket, "room:join", { roomId: this.#roomId });
    return { lastSeq, messages: messages.map(stateOf) };
  }

  /** Asks the last instance, where recovery asks the first. */
  async #readHistory(): Promise<State[]> {
    const history: State[] = [];
    let hasMore = true;
    while (hasMore) {
      const before = history[0] ? `&before=${history[0].id}` : "";
      const body = await this.#get(this.#reader.urls.at(-1)!, `messages?limit=100${before}`);
      history.unshift(...body.messages.map(stateOf));
      ({ hasMore } = body);
    }
    return history;
  }

  async #readPins(): Promise<State[]> {
    const { messages } = await this.#get(this.#reader.urls[0]!, "pins");
    return messages.map(stateOf);
  }

  async #get(url: string, what: string) {
    const { token } = this.#reader;
    const { status, body } = await request(url, "GET", `/rooms/${this.#roomId}/${what}`, { token });
    if (status !== 200) throw new Error(`GET ${what}: ${JSON.stringify(body)}`);
    return body;
  }
}

/** The sockets, or none of them if one cannot be opened. */
async function allOrNone(opening: Promise<TestSocket>[]): Promise<TestSocket[]> {
  try {
    return await Promise.all(opening);
  } catch (error) {
    const opened = (await Promise.allSettled(opening)).flatMap((result) => {
      return result.status === "fulfilled" ? [result.value] : [];
    });
    await Promise.all(opened.map((socket) => socket.close()));
    throw error;
  }
}

async function call(socket: TestSocket, command: string, content: unknown) {
  const { event, data } = await socket.call(command, content);
  if (event === "error") throw new Error(`${command}: ${JSON.stringify(data)}`);
  return data;
}

/** The number of online users by what this socket heard last. */
function countOnline({ received }: TestSocket): number {
  const { event, data } = received.findLast(({ event }) => {
    return event === "room:joined" || event === "presence:update";
  })!;
  return event === "room:joined" ? data.onlineCount : data.count;
}
