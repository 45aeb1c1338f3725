/** A client's WebSocket to the server in memory, and what that answers. */
import { ChatError } from "../../domain/errors.ts";
import { CLOSE_CODES } from "../../protocol/wire/close_codes.ts";
import type { ClientEvents } from "../../protocol/wire/events.ts";
import {
  MAX_FRAME_BYTES,
  MAX_ROOMS_PER_SOCKET,
  MAX_TEXT_LENGTH,
} from "../../protocol/wire/limits.ts";
import type { RoomCursor } from "../../protocol/wire/messages.ts";
import type { PublicUser } from "../../protocol/wire/users.ts";
import type { ClientSocket } from "../platform.ts";
import type { AccountStream, ItemListener } from "./account_stream.ts";
import type { Account } from "./accounts.ts";
import type { Chat, Connected, ServerEvent } from "./chat.ts";
import { refusalOf } from "./refusals.ts";
import type { RoomLog } from "./room_log.ts";

type Frame = {
  [E in keyof ClientEvents]: { event: E; data: ClientEvents[E]; ref?: number };
}[keyof ClientEvents];

/** No limits but those that a client has to know. */
const LIMITS = {
  frameBytes: MAX_FRAME_BYTES,
  textLength: MAX_TEXT_LENGTH,
  roomsPerSocket: MAX_ROOMS_PER_SOCKET,
  messages: { points: 1_000_000, seconds: 1 },
};
/** As browsers report a connection that was cut. */
const CUT = 1006;
/** Microtasks: so many that an app is shown what it has sent as being on its way. */
const STEPS_ON_THE_WAY = 20;
const NEVER = "9999-12-31T00:00:00.000Z";

export class TestSocket implements ClientSocket, Connected {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  /** The subprotocol. */
  readonly protocol = "echoroom.batch";

  readonly rooms = new Map<string, boolean>();
  sessionId: string | null = null;
  readonly #chat: Chat;
  #account: Account | null = null;
  readonly #takeItem: ItemListener = (item) => {
    this.#deliver({ event: "account:item", data: { item } });
  };
  #isClosed = false;

  constructor(chat: Chat) {
    this.#chat = chat;
    queueMicrotask(() => this.#open());
  }

  get #stream(): AccountStream {
    return this.#chat.stream(this.#account!.user.id);
  }

  get user(): PublicUser | null {
    return this.#account?.shown ?? null;
  }

  send(text: string): void {
    void this.#arrive(JSON.parse(text));
  }

  deliver(event: ServerEvent): void {
    this.#deliver(event);
  }

  /** Closes from the client's side: what it has sent arrives before. */
  async close(): Promise<void> {
    if (this.#account) await onTheWay();
    if (this.#isClosed) return;
    this.#end();
    await null;
    this.emit("close", { code: 1000 });
  }

  /** Closes from the server's side, or cuts the connection. */
  drop(code = CUT): void {
    if (this.#isClosed) return;
    this.#end();
    this.emit("close", { code });
  }

  /** Calls the handler of an event. */
  protected emit(name: "open" | "message" | "close", event: object): void {
    this[`on${name}`]?.(event as never);
  }

  #open(): void {
    if (this.#isClosed) return;
    if (!this.#chat.faults.isOnline) return this.drop();
    this.#chat.sockets.add(this);
    this.emit("open", {});
  }

  #end(): void {
    this.#isClosed = true;
    this.#chat.sockets.delete(this);
    if (this.#account) this.#stream.leave(this.#takeItem);
    for (const roomId of [...this.rooms.keys()]) this.#leave(roomId);
  }

  async #arrive(frame: Frame): Promise<void> {
    await onTheWay();
    await this.#handle(frame);
  }

  async #handle(frame: Frame): Promise<void> {
    const { faults } = this.#chat;
    const { event, ref } = frame;
    const held = faults.held(event, "arrival");
    if (held) await held;
    // What is on its way when the connection is cut does not arrive.
    if (this.#isClosed) return;
    let answers: ServerEvent[];
    try {
      faults.check(event);
      answers = this.#act(frame);
    } catch (error) {
      answers = [this.#refusal(frame, refusalOf(error))];
    }
    const heldAnswer = faults.held(event, "answer");
    if (heldAnswer) await heldAnswer;
    for (const answer of answers) this.#deliver({ ...answer, ...(ref !== undefined && { ref }) });
    if (answers[0]?.event === "auth:error") this.drop(CLOSE_CODES.unauthenticated);
    // The others are told, and who has joined as well, once the answer is there.
    if (answers[0]?.event === "room:joined") this.#announce(answers[0].data.room.id);
  }

  #deliver(event: ServerEvent & { ref?: number }): void {
    if (this.#isClosed) return;
    // As text, so that no test can change what the server holds.
    this.emit("message", { data: JSON.stringify(event) });
  }

  #refusal({ event, data }: Frame, { code, message, faults, retryAfter }: ChatError): ServerEvent {
    if (event === "auth:identify") {
      return { event: "auth:error", data: { code: code as "unauthenticated", message } };
    }
    const { roomId, clientMessageId } = data as { roomId?: string; clientMessageId?: string };
    const place = { event, roomId, clientMessageId };
    return { event: "error", data: { code, message, ...place, retryAfter, errors: faults } };
  }

  /** What a command is answered with; nothing, if it has no answer. */
  #act({ event, data }: Frame): ServerEvent[] {
    if (event === "auth:identify") return [this.#identify(data)];
    if (!this.#account) {
      throw new ChatError("not_identified", "The socket must send auth:identify first.");
    }
    if (event === "connection:recover") return this.#recover(data);
    if (event === "account:recover") return [this.#recoverAccount(data)];
    const by = this.#account.shown;
    const room = this.#chat.room(data.roomId);
    const roomId = room.room.id;
    switch (event) {
      case "room:join":
        return [this.#join(room, data.present ?? true)];
      case "room:leave":
        this.#leave(roomId);
        return [{ event: "room:left", data: { roomId } }];
      case "room:read":
      case "room:unread": {
        const state = room.setRead(by.id, data.seq, event === "room:unread");
        const { readSeq: seq, unread, mentions } = state;
        return [{ event: "read:ack", data: { roomId, seq, unread, mentions } }];
      }
      case "typing:start":
      case "typing:stop":
        this.#chat.type(roomId, by, event === "typing:start");
        return [];
    }
    return [{ event: "message:ack", data: this.#change(room, { event, data } as ChangeFrame) }];
  }

  #change(room: RoomLog, { event, data }: ChangeFrame) {
    const by = this.#account!.shown;
    switch (event) {
      case "message:send":
        return room.send(by, data);
      case "message:edit":
        return room.edit(by, data);
      case "message:delete":
        return room.delete(by, data);
      case "reaction:add":
      case "reaction:remove":
        return room.react(by, data, event === "reaction:add");
      case "message:pin":
      case "message:unpin":
        return room.pin(by, data, event === "message:pin");
    }
  }

  #identify({ token }: ClientEvents["auth:identify"]): ServerEvent {
    const { account, sessionId } = this.#chat.accounts.withToken(token);
    if (this.#account && this.#account !== account) {
      throw new ChatError("forbidden", "The socket has identified as another user.");
    }
    this.#account = account;
    this.sessionId = sessionId;
    const { user } = account;
    const data = {
      user,
      expiresAt: NEVER,
      limits: LIMITS,
      account: { lastSeq: this.#stream.lastSeq },
    };
    return { event: "auth:ok", data };
  }

  #recoverAccount({ lastSeenSeq, limit }: ClientEvents["account:recover"]): ServerEvent {
    const data = this.#stream.recover(lastSeenSeq, this.#takeItem, limit);
    return { event: "account:missed", data };
  }

  #join(room: RoomLog, isPresent: boolean): ServerEvent {
    const { id } = room.room;
    if (!this.rooms.has(id) && this.rooms.size >= MAX_ROOMS_PER_SOCKET) {
      throw new ChatError("limit_reached", "The socket is in too many rooms.");
    }
    const joined = room.reader.joined(this.user!.id);
    this.#enter(id, isPresent);
    const online = this.#chat.online(id);
    return { event: "room:joined", data: { ...joined, online, onlineCount: online.length } };
  }

  #recover({ present = true, ...asked }: ClientEvents["connection:recover"]): ServerEvent[] {
    const cursors: RoomCursor[] = "rooms" in asked ? asked.rooms : [asked];
    return cursors.map(({ roomId: name, lastSeenSeq, lastSeenEntryId }) => {
      const room = this.#chat.room(name);
      const { id: roomId } = room.room;
      const missed = room.reader.missed(this.user!.id, lastSeenSeq, lastSeenEntryId);
      if (missed.hasMore) this.#leave(roomId);
      else this.#enter(roomId, present);
      return { event: "connection:missed", data: { roomId, ...missed } };
    });
  }

  #enter(roomId: string, isPresent: boolean): void {
    const user = this.user!;
    // Whoever enters gets to know of it after the answer.
    this.rooms.set(roomId, false);
    if (isPresent) this.#chat.enter(roomId, user, this);
    else this.#chat.leave(roomId, user, this);
    this.rooms.set(roomId, isPresent);
  }

  #leave(roomId: string): void {
    if (!this.rooms.delete(roomId)) return;
    this.#chat.leave(roomId, this.user!, this);
  }

  #announce(roomId: string): void {
    if (!this.rooms.get(roomId)) return;
    const count = this.#chat.online(roomId).length;
    const data = { roomId, joined: [this.user!], left: [], count };
    this.#deliver({ event: "presence:update", data });
  }
}

type ChangeFrame = Extract<Frame, { event: `message:${string}` | `reaction:${string}` }>;

async function onTheWay(): Promise<void> {
  for (let i = 0; i < STEPS_ON_THE_WAY; i++) await null;
}
