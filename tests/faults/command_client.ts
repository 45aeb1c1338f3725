/** A client of another make: a command that is told whom to connect as, and prints what it shows. */
import type { Message } from "../../src/protocol/wire/messages.ts";
import { within } from "../../src/async/deadline.ts";
import { kill } from "../harness/kill.ts";
import type { KnownLog } from "./known_log.ts";
import { type Memory, shownIn } from "./record.ts";
import { faultsOfLists, type ShownList } from "./shown_lists.ts";
import { about, type Violation } from "./violation.ts";

/** What the command reads: one line of JSON. Once its input ends, it is to end. */
export interface Errand {
  /** Of the server. */
  url: string;
  /** An access token. */
  token: string;
  /** The rooms to join. */
  roomIds: string[];
}

/** What the command prints: a line of JSON whenever what it shows of a room, or its cursor, is new. */
export interface ShownLine {
  roomId: string;
  /** The last entry that it has taken. */
  lastSeq: number;
  /** All that it shows, oldest first, as the server sends messages. */
  messages: Message[];
}

const END_MS = 10_000;

export class CommandClient implements Memory {
  readonly name = "the command";
  readonly userId: string;
  readonly commands = [];
  readonly views = [];
  readonly glances: ShownList[] = [];
  readonly breaches: string[] = [];
  readonly #roomIds: readonly string[];
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #read: Promise<void>;
  #ended = false;

  /** Starts it in a shell, as a user who is in the rooms already. */
  constructor(command: string, userId: string, errand: Errand) {
    this.userId = userId;
    this.#roomIds = errand.roomIds;
    this.#process = new Deno.Command("sh", {
      args: ["-c", command],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#write(`${JSON.stringify(errand)}\n`);
    this.#read = this.#listen();
  }

  get live(): boolean {
    return !this.#ended;
  }

  /** What is wrong with what it has shown of a room so far. */
  *violations(log: KnownLog): Generator<Violation> {
    const { roomId } = log.record;
    if (!this.#roomIds.includes(roomId)) return;
    const lists = this.glances.filter((list) => list.roomId === roomId);
    yield* about(`${this.name}: ${roomId}`, faultsOfLists(lists, log));
  }

  /** Ends its input, and the command itself if it does not. */
  async end(): Promise<void> {
    await this.#input.close().catch(() => {});
    const ended = this.#process.status.then(() => true);
    if (!await within(ended, END_MS, () => false)) kill(this.#process);
    await this.#read;
  }

  #write(text: string): void {
    this.#input.write(new TextEncoder().encode(text)).catch(() => {});
  }

  async #listen(): Promise<void> {
    let rest = "";
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(line);
    }
    this.#ended = true;
  }

  #take(line: string): void {
    try {
      const { roomId, lastSeq, messages }: ShownLine = JSON.parse(line);
      this.glances.push({ roomId, asked: null, upTo: lastSeq, ...shownIn({ messages }) });
    } catch (error) {
      this.breaches.push(`it printed ${line.slice(0, 200)}: ${error}`);
    }
  }
}
