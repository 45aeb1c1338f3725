/** A correct chat client: one socket, a cursor for each room, an outbox, and a record of everything. */
import { request } from "../harness/account.ts";
import { sleep } from "../harness/stage.ts";
import type { Random } from "./random.ts";
import {
  type Action,
  type Change,
  type Command,
  type Glance,
  keepNewest,
  type Memory,
  moment,
  type Shown,
  shownIn,
  type State,
  type Step,
  type View,
} from "./record.ts";

interface Room extends View {
  /** Whether this socket has recovered and gets new entries. */
  live: boolean;
  /** When the answer that is on its way was asked for. */
  asked: number;
  /** How often in a row it could not be joined or recovered. */
  refusals: number;
  /** As it shows them. */
  messages: Map<string, State>;
}

// deno-lint-ignore no-explicit-any -- a breach may be of any shape
type Data = any;

export interface ChatClientOptions {
  name: string;
  userId: string;
  token: string;
  /** Where the instances are; each connection goes to any of them. */
  urls: readonly string[];
  roomIds: readonly string[];
  /** Whether it enters rooms with `room:join`, or by recovering from 0. */
  joins: boolean;
  protocol: "echoroom.v1" | "echoroom.batch";
  random: Random;
}

const BACKOFF_MS = { min: 50, max: 1_000 } as const;
/** Closes after which reconnecting is useless: the server refuses the client as faulty. */
const FATAL_CLOSES = [1003, 1009];
/** How a change may be refused; the checker finds out whether rightly. */
const REFUSALS = ["message_deleted", "edit_conflict"];
const GLANCE_MS = 10_000;
/** What is `unavailable` again and again is repeated less and less often, until this factor. */
const MAX_SLOWDOWN = 8;

export class ChatClient implements Memory {
  readonly name: string;
  readonly userId: string;
  readonly token: string;
  readonly commands: Command[] = [];
  readonly glances: Glance[] = [];
  readonly breaches: string[] = [];
  /** The close codes of connections; 0 if it broke without one. */
  readonly closes: number[] = [];
  /** Failed attempts to connect. */
  failures = 0;
  /** Milliseconds from each loss of a connection until every room was live again. */
  readonly outages: number[] = [];
  /** Delays of live entries from their creation on the server to their arrival, in milliseconds. */
  readonly delays: number[] = [];
  /** The longest time between two entries, in milliseconds, while `watchSilence` was on. */
  longestSilence = 0;
  unavailable = 0;

  readonly #options: ChatClientOptions;
  readonly #rooms = new Map<string, Room>();
  readonly #unacked = new Map<string, Command>();
  #socket: WebSocket | null = null;
  #identified = false;
  #offlineSince: number | null = null;
  #lastEntryAt: number | null = null;
  #attempt = 0;
  #ending = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ChatClientOptions) {
    this.#options = options;
    this.name = options.name;
    this.userId = options.userId;
    this.token = options.token;
    for (const roomId of options.roomIds) {
      const from = options.joins ? null : 0;
      const view = { roomId, from, cursor: 0, steps: [] };
      this.#rooms.set(roomId, { ...view, live: false, asked: 0, refusals: 0, messages: new Map() });
    }
  }

  get views(): View[] {
    return [...this.#rooms.values()];
  }

  /** Commands without an answer. */
  get unacked(): readonly Command[] {
    return [...this.#unacked.values()];
  }

  get live(): boolean {
    return this.#rooms.values().every(({ live }) => live);
  }

  /** Connects, and connects again whenever the socket closes, until `end`. */
  start(): void {
    this.#running = this.#stayConnected();
  }

  async end(): Promise<void> {
    this.#ending = true;
    this.#socket?.close();
    await this.#running;
  }

  /** The messages of a room as it shows them, in the order in which it got to know them. */
  messages(roomId: string): State[] {
    return [...this.#rooms.get(roomId)!.messages.values()];
  }

  /** Sends a command, now or as soon as there is a connection, until it is answered. */
  do(roomId: string, action: Action): void {
    const name = `${this.name}-${this.commands.length + 1}`;
    const answer = { ack: null, refusal: null };
    const command: Command = { name, roomId, action, posts: 0, postedAt: 0, ...answer };
    this.commands.push(command);
    this.#unacked.set(name, command);
    if (this.#identified) this.#post(command);
  }

  /** Reads something of a room over REST, from any instance; an instance that fails is ignored. */
  async glance(roomId: string): Promise<void> {
    const { urls, random } = this.#options;
    const { cursor } = this.#rooms.get(roomId)!;
    const after = Math.max(0, cursor - Math.floor(random.between(0, 100)));
    const what = random.pick(["messages?limit=50", `changes?after=${after}`, "pins"]);
    const asked = moment();
    const answer = await within(
      GLANCE_MS,
      request(random.pick(urls), "GET", `/rooms/${roomId}/${what}`, { token: this.token }),
    );
    if (!answer || answer.status === 503) return;
    if (answer.status === 200) {
      this.glances.push({ roomId, asked, upTo: 0, ...shownIn(answer.body) });
    } else this.#breach(`GET ${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  /** Starts or stops measuring the time between entries. */
  watchSilence(on: boolean): void {
    this.#noteEntry();
    this.#lastEntryAt = on ? Date.now() : null;
  }

  async #stayConnected(): Promise<void> {
    while (!this.#ending) {
      const code = await this.#connection();
      if (this.#ending) return;
      this.#closed(code);
      await sleep(this.#backoff());
    }
  }

  /** Opens a socket and resolves with the code that it was closed with. */
  #connection(): Promise<number> {
    const { urls, protocol, random } = this.#options;
    const socket = new WebSocket(`${random.pick(urls).replace("http", "ws")}/ws`, protocol);
    this.#socket = socket;
    socket.onopen = () => this.#transmit("auth:identify", { token: this.token });
    socket.onmessage = ({ data }) => {
      for (const frame of [JSON.parse(data)].flat()) this.#receive(frame);
    };
    return new Promise((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
    });
  }

  #closed(code: number): void {
    if (this.live) this.#offlineSince = Date.now();
    if (this.#identified) this.closes.push(code);
    else this.failures++;
    this.#socket = null;
    this.#identified = false;
    for (const room of this.#rooms.values()) room.live = false;
    if (code >= 4000 || FATAL_CLOSES.includes(code)) this.#breach(`it was closed with ${code}`);
  }

  #backoff(): number {
    const limit = Math.min(BACKOFF_MS.max, BACKOFF_MS.min * 2 ** this.#attempt++);
    return this.#options.random.between(limit / 2, limit);
  }

  #receive({ event, data, ref }: { event: string; data: Data; ref?: string }): void {
    switch (event) {
      case "auth:ok":
        return this.#welcome();
      case "room:joined":
        return this.#joined(data);
      case "connection:missed":
        return this.#missed(data);
      case "message:new":
      case "message:updated":
      case "message:deleted":
        return this.#entry(event, data);
      case "message:ack":
        return this.#acked(data, ref);
      case "error":
        return this.#refused(data, ref);
      // Hints, of which nothing is promised.
      case "mention:new":
      case "room:updated":
      case "presence:update":
        return;
      default:
        this.#breach(`${event}: ${JSON.stringify(data)}`);
    }
  }

  #welcome(): void {
    this.#identified = true;
    this.#attempt = 0;
    const [known, unknown] = partition([...this.#rooms.values()], ({ from }) => from !== null);
    for (const room of unknown) this.#join(room);
    if (known.length > 0) this.#recover(known);
    for (const command of this.#unacked.values()) this.#post(command);
  }

  #join(room: Room): void {
    room.asked = moment();
    this.#transmit("room:join", { roomId: room.roomId });
  }

  #recover(rooms: Room[]): void {
    for (const room of rooms) room.asked = moment();
    const cursors = rooms.map(({ roomId, cursor }) => ({ roomId, lastSeenSeq: cursor }));
    this.#transmit("connection:recover", cursors.length === 1 ? cursors[0] : { rooms: cursors });
  }

  #joined({ room: { id }, lastSeq, lastEntryId, ...shown }: Data): void {
    const room = this.#rooms.get(id)!;
    room.from = lastSeq;
    this.#take(
      room,
      { kind: "joined", after: lastSeq, upTo: lastSeq, entryId: lastEntryId },
      shown,
    );
    this.#enter(room);
  }

  #missed({ roomId, lastSeq, lastEntryId, hasMore, reset, ...shown }: Data): void {
    const room = this.#rooms.get(roomId)!;
    const { cursor: after } = room;
    if (reset) this.#breach(`the log of ${roomId} ended before ${after}`);
    if (room.live) this.#breach(`an answer to no question in ${roomId}`);
    if (lastSeq < after) this.#breach(`recovery after ${after} ended at ${lastSeq}`);
    this.#take(room, { kind: "missed", after, upTo: lastSeq, entryId: lastEntryId }, shown);
    if (!hasMore) return this.#enter(room);
    if (lastSeq <= after) this.#breach("recovery has more, and covers nothing");
    this.#recover([room]);
  }

  #entry(event: string, { roomId, seq, entryId, message, ...data }: Data): void {
    const room = this.#rooms.get(roomId)!;
    if (!room.live) this.#breach(`entry ${seq} came live while recovery stood at ${room.cursor}`);
    if (seq !== room.cursor + 1) {
      this.#breach(`entry ${seq} came after ${room.cursor} in ${roomId}`);
    }
    const { messageId = message.id } = data;
    if (messageId !== message.id) {
      this.#breach(`entry ${seq} is of ${messageId}, not ${message.id}`);
    }
    if (event === "message:new") this.delays.push(Date.now() - Date.parse(message.createdAt));
    const change = changeOf(event, { ...data, message });
    const step = { kind: "entry", after: seq - 1, upTo: seq, entryId, change } as const;
    this.#take(room, step, { ...data, messages: [message] });
  }

  #take(
    room: Room,
    step: Omit<Step, "change" | keyof Shown> & { change?: Change },
    shown: Parameters<typeof shownIn>[0],
  ): void {
    for (const { id, roomId } of shown.messages) {
      if (roomId !== room.roomId) this.#breach(`${id} of ${roomId} came in ${room.roomId}`);
    }
    const { messages, referenced } = shownIn(shown);
    const asked = step.kind === "entry" ? null : room.asked;
    room.steps.push({ change: null, ...step, asked, messages, referenced });
    room.cursor = Math.max(room.cursor, step.upTo);
    keepNewest(room.messages, messages);
    if (step.upTo > step.after) this.#noteEntry();
  }

  #enter(room: Room): void {
    room.live = true;
    room.refusals = 0;
    if (!this.live || this.#offlineSince === null) return;
    this.outages.push(Date.now() - this.#offlineSince);
    this.#offlineSince = null;
  }

  #noteEntry(): void {
    if (this.#lastEntryAt === null) return;
    this.longestSilence = Math.max(this.longestSilence, Date.now() - this.#lastEntryAt);
    this.#lastEntryAt = Date.now();
  }

  #acked({ roomId, clientMessageId, id, seq, changed = true }: Data, ref = ""): void {
    const command = this.commands.find(({ name }) => name === ref);
    if (!command || command.roomId !== roomId) return this.#breach(`an ack of ${ref}, never sent`);
    const { action, ack } = command;
    if ((clientMessageId ?? ref) !== ref) this.#breach(`${ref} was acked as ${clientMessageId}`);
    if ("messageId" in action && action.messageId !== id) {
      this.#breach(`${ref}, of ${action.messageId}, was acked with ${id}`);
    }
    if (ack && (ack.id !== id || ack.seq !== seq)) {
      this.#breach(`${ref} was acked as ${ack.seq}, then as ${seq}`);
    }
    command.ack ??= { id, seq, isChanged: changed, at: moment() };
    this.#unacked.delete(ref);
  }

  /** Repeats a command that was `unavailable`; a change may also have come too late. */
  #refused(error: Data, ref = ""): void {
    const { code, event, roomId, retryAfter = 0 } = error;
    const command = this.#unacked.get(ref);
    if (command && REFUSALS.includes(code)) {
      command.refusal = { code, at: moment() };
      this.#unacked.delete(ref);
      return;
    }
    if (code === "unavailable") this.unavailable++;
    if (code !== "unavailable" || retryAfter <= 0) {
      this.#breach(`refused: ${JSON.stringify(error)}`);
    }
    const room = this.#rooms.get(roomId);
    const repeat: Record<string, (() => void) | undefined> = {
      "auth:identify": () => this.#transmit("auth:identify", { token: this.token }),
      "room:join": room && (() => this.#join(room)),
      "connection:recover": room && (() => this.#recover([room])),
    };
    const work = command ? () => this.#post(command) : repeat[event];
    if (!work) return this.#breach(`a refusal of an unknown event: ${JSON.stringify(error)}`);
    const tries = command?.posts ?? (room ? ++room.refusals : 1);
    const slowdown = Math.min(MAX_SLOWDOWN, 2 ** (tries - 1)) *
      this.#options.random.between(0.5, 1.5);
    this.#later(1_000 * Math.max(1, retryAfter) * slowdown, work);
  }

  #later(milliseconds: number, work: () => void): void {
    const socket = this.#socket;
    setTimeout(() => this.#socket === socket && work(), milliseconds);
  }

  #post(command: Command): void {
    if (command.posts++ === 0) command.postedAt = moment();
    const { event, data } = frameOf(command);
    this.#transmit(event, data, command.name);
  }

  #transmit(event: string, data: unknown, ref?: string): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ event, data, ref }));
  }

  #breach(sentence: string): void {
    this.breaches.push(sentence);
  }
}

function frameOf({ name: clientMessageId, roomId, action }: Command) {
  switch (action.type) {
    case "send": {
      const { text, replyTo } = action;
      const data = { roomId, text, clientMessageId, ...(replyTo !== null && { replyTo }) };
      return { event: "message:send", data };
    }
    case "edit": {
      const { messageId, text, ifChangedSeq } = action;
      const condition = ifChangedSeq !== null && { ifChangedSeq };
      return {
        event: "message:edit",
        data: { roomId, messageId, text, clientMessageId, ...condition },
      };
    }
    case "delete":
      return {
        event: "message:delete",
        data: { roomId, messageId: action.messageId, clientMessageId },
      };
    case "react": {
      const { messageId, emoji, isOn } = action;
      const event = isOn ? "reaction:add" : "reaction:remove";
      return { event, data: { roomId, messageId, emoji } };
    }
    case "pin": {
      const { messageId, isOn } = action;
      return { event: isOn ? "message:pin" : "message:unpin", data: { roomId, messageId } };
    }
  }
}

/** What a live entry says that it did. */
function changeOf(event: string, { message, change, by }: Data): Change {
  const none = { messageId: message.id, added: [], removed: [] };
  if (event === "message:new") return { ...none, type: "created", by: message.sender.id };
  if (event === "message:deleted") return { ...none, type: "deleted", by: by.id };
  if (change.type !== "reactions") return { ...none, type: change.type, by: change.by.id };
  const uses = (list: { emoji: string; user: { id: string } }[]) =>
    list.map(({ emoji, user }) => ({ emoji, userId: user.id }));
  const { added, removed } = change;
  return { ...none, type: "reactions", by: null, added: uses(added), removed: uses(removed) };
}

/** What the work results in; null if it fails or takes too long. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | null> {
  const deadline = Promise.withResolvers<null>();
  const timer = setTimeout(deadline.resolve, milliseconds, null);
  try {
    return await Promise.race([work.catch(() => null), deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function partition<T>(items: T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))];
}
