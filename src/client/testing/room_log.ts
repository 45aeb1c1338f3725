/** One room of the server in memory: its log, and what that has made of the messages. */
import { ChatError, messageNotFound } from "../../domain/errors.ts";
import type { ServerEvents } from "../../protocol/wire/events.ts";
import { JOINED_MESSAGES, MAX_TEXT_LENGTH, MISSED_MESSAGES } from "../../protocol/wire/limits.ts";
import {
  type Message,
  type MessageChange,
  type MessageClientEvents,
  type MessagesAround,
  type MessagesPage,
  NEW_MESSAGE,
  type Related,
  type RelatedToReader,
} from "../../protocol/wire/messages.ts";
import type { ListedRoom, ReadState, Room } from "../../protocol/wire/rooms.ts";
import type { PublicUser } from "../../protocol/wire/users.ts";
import { newId } from "../platform.ts";

/** A live entry, as it is sent to those who are in the room. */
export type EntryEvent = {
  [E in "message:new" | "message:updated" | "message:deleted"]: {
    event: E;
    data: ServerEvents[E];
  };
}[keyof ServerEvents & ("message:new" | "message:updated" | "message:deleted")];

type Ack = ServerEvents["message:ack"];
/** A command as a client sends it; the room is this one. */
type Command<E extends keyof MessageClientEvents> = Omit<MessageClientEvents[E], "roomId">;

/** Messages with what goes with them, and the end of the log that they are of. */
type Part =
  & Pick<ServerEvents["room:joined"], "messages" | "lastSeq" | "lastEntryId">
  & RelatedToReader;

/** What a room needs of the server around it. */
export interface RoomLogHost {
  /** The users with these ids, of those who exist. */
  usersOf(ids: readonly string[]): PublicUser[];
  /** An entry was added. */
  onEntry(entry: EntryEvent): void;
}

const MAX_EMOJI = 20;
const MAX_PINS = 100;
const MAX_UNREAD = 100;
/** Users whom a reaction names. */
const NAMED_USERS = 10;

/** What a deleted message loses. */
const { editedAt: _, replyTo: _r, threadId: _t, ...EMPTY } = NEW_MESSAGE;

export class RoomLog {
  readonly #host: RoomLogHost;
  readonly #room: Omit<Room, "lastSeq">;
  /** In the order of their creation. */
  #messages: Message[] = [];
  /** Each with what it made of its message. */
  #entries: { id: string; message: Message }[] = [];
  /** What was asked under each user's `clientMessageId`, and how it was acked. */
  readonly #acks = new Map<string, { request: string; ack: Ack }>();
  /** The numbers of the entries that the messages' texts are of. */
  readonly #textSeqs = new Map<string, number>();
  /** Who has put an emoji on a message, in order. */
  readonly #reactors = new Map<string, string[]>();
  /** The numbers of the entries that pinned the messages which are pinned. */
  readonly #pins = new Map<string, number>();
  /** How far each member has read. */
  readonly #readSeqs = new Map<string, number>();

  constructor(room: Omit<Room, "lastSeq">, host: RoomLogHost) {
    this.#room = room;
    this.#host = host;
    const { createdBy } = room;
    this.#create(createdBy, {
      text: `${createdBy.displayName} created the room`,
      system: true,
      systemType: "room_created",
      systemData: { users: [createdBy.id] },
    });
    this.#readSeqs.set(createdBy.id, 1);
  }

  get room(): Room {
    return { ...this.#room, lastSeq: this.#entries.length };
  }

  /** The messages as they are now, in the order of their creation. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** The room as it is listed for a user. */
  listedFor(userId: string): ListedRoom {
    const lastMessageAt = this.#messages.at(-1)?.createdAt ?? null;
    const me = this.#readSeqs.has(userId) ? this.#readState(userId) : undefined;
    return { ...this.room, lastMessageAt, ...(me && { me }) };
  }

  /** @throws ChatError why it is refused, as do all changes */
  send(by: PublicUser, command: Command<"message:send">): Ack {
    const { text, replyTo, mentions = [], mentionsRoom = false, metadata = null } = command;
    const { clientMessageId = newId() } = command;
    const request = ["send", text, replyTo, mentions, mentionsRoom, metadata];
    return this.#once(by, clientMessageId, request, () => {
      const trimmed = checkedText(text);
      const answered = replyTo === undefined ? null : this.#find(replyTo);
      if (mentionsRoom) this.#requireOwner(by);
      if (answered) requirePresent(answered);
      const place = answered && {
        replyTo: answered.id,
        threadId: answered.threadId ?? answered.id,
      };
      const message = this.#create(by, {
        text: trimmed,
        clientMessageId,
        mentions: this.#host.usersOf(mentions).map(({ id }) => id),
        mentionsRoom,
        metadata,
        ...place,
      });
      if (!this.#readSeqs.has(by.id)) this.#readSeqs.set(by.id, message.seq);
      return message;
    });
  }

  edit(by: PublicUser, command: Command<"message:edit">): Ack {
    const { messageId, text, mentions, metadata, ifChangedSeq } = command;
    const { clientMessageId = newId() } = command;
    const request = ["edit", messageId, text, mentions, metadata, ifChangedSeq];
    return this.#once(by, clientMessageId, request, () => {
      const message = this.#find(messageId);
      if (message.system || message.sender.id !== by.id) throw forbidden();
      requirePresent(message);
      if (ifChangedSeq !== undefined && this.#textSeqs.get(messageId)! > ifChangedSeq) {
        throw new ChatError("edit_conflict", "The text was edited meanwhile.");
      }
      const trimmed = text === undefined ? message.text : checkedText(text);
      if (trimmed !== message.text) this.#textSeqs.set(messageId, this.room.lastSeq + 1);
      const fields = {
        text: trimmed,
        editedAt: trimmed === message.text ? message.editedAt : now(),
        mentions: mentions ? this.#host.usersOf(mentions).map(({ id }) => id) : message.mentions,
        metadata: metadata === undefined ? message.metadata : metadata,
      };
      return this.#update(message, fields, { type: "edited", by });
    });
  }

  delete(by: PublicUser, { messageId, clientMessageId = newId() }: Command<"message:delete">): Ack {
    return this.#once(by, clientMessageId, ["delete", messageId], () => {
      const message = this.#find(messageId);
      if (message.sender.id !== by.id) this.#requireOwner(by);
      if (message.system) throw forbidden();
      if (message.deletedAt) return message;
      this.#pins.delete(messageId);
      for (const { emoji } of message.reactions) this.#reactors.delete(`${messageId} ${emoji}`);
      return this.#replace(message, { ...EMPTY, text: "", deletedAt: now() }, (place, after) => {
        return { event: "message:deleted", data: { ...place, messageId, by, message: after } };
      });
    });
  }

  /** @param isOn whether the user's emoji is to be on the message */
  react(by: PublicUser, { messageId, emoji: asked }: Command<"reaction:add">, isOn: boolean): Ack {
    const message = this.#find(messageId);
    requirePresent(message);
    const emoji = asked.replaceAll("\uFE0F", "");
    const key = `${messageId} ${emoji}`;
    const before = this.#reactors.get(key) ?? [];
    if (before.includes(by.id) === isOn) return this.#ackOf(message, false);
    if (before.length === 0 && message.reactions.length >= MAX_EMOJI) {
      throw new ChatError("limit_reached", `A message has at most ${MAX_EMOJI} different emoji.`);
    }
    const users = isOn ? [...before, by.id] : before.filter((id) => id !== by.id);
    this.#reactors.set(key, users);
    const reaction = { emoji, count: users.length, users: users.slice(0, NAMED_USERS) };
    const isKnown = message.reactions.some((each) => each.emoji === emoji);
    const reactions = isKnown
      ? message.reactions.map((each) => each.emoji === emoji ? reaction : each)
      : [...message.reactions, reaction];
    const [use, fields] = [
      { emoji, user: by },
      { reactions: reactions.filter(({ count }) => count > 0) },
    ];
    const uses = { added: isOn ? [use] : [], removed: isOn ? [] : [use] };
    return this.#ackOf(this.#update(message, fields, { type: "reactions", ...uses }), true);
  }

  pin(by: PublicUser, { messageId }: Command<"message:pin">, isPinned: boolean): Ack {
    const message = this.#find(messageId);
    this.#requireOwner(by);
    requirePresent(message);
    if (message.pinned === isPinned) return this.#ackOf(message, false);
    if (isPinned && this.#pins.size >= MAX_PINS) {
      throw new ChatError("limit_reached", `A room has at most ${MAX_PINS} pinned messages.`);
    }
    if (isPinned) this.#pins.set(messageId, this.room.lastSeq + 1);
    else this.#pins.delete(messageId);
    const type = isPinned ? "pinned" : "unpinned";
    return this.#ackOf(this.#update(message, { pinned: isPinned }, { type, by }), true);
  }

  /** @param isBack whether the position moves back to just before the message with this `seq` */
  setRead(userId: string, seq: number, isBack: boolean): ReadState {
    const known = this.#readSeqs.get(userId);
    if (known === undefined) throw forbidden("Only members have a read position.");
    const wanted = Math.min(seq, this.room.lastSeq);
    this.#readSeqs.set(userId, isBack ? Math.min(known, wanted - 1) : Math.max(known, wanted));
    return this.#readState(userId);
  }

  /** What a join shows. */
  joined(userId: string): { room: Room } & Part {
    return { room: this.room, ...this.#answer(userId, this.#messages.slice(-JOINED_MESSAGES)) };
  }

  /** What was missed after a cursor, in pages of 200 messages. */
  missed(
    userId: string,
    after: number,
    entryId?: string,
    limit = MISSED_MESSAGES,
  ): Omit<ServerEvents["connection:missed"], "roomId"> {
    const known = this.#entries[after - 1]?.id;
    const isForeign = after > 0 && (known === undefined || (entryId ?? known) !== known);
    if (isForeign) {
      const latest = this.#messages.slice(-Math.min(limit, JOINED_MESSAGES));
      return { ...this.#answer(userId, latest), hasMore: false, reset: true };
    }
    const ids = new Set<string>();
    let last = after;
    for (; last < this.#entries.length; last++) {
      const messageId = this.#entries[last]!.message.id;
      if (!ids.has(messageId) && ids.size === limit) break;
      ids.add(messageId);
    }
    const messages = this.#messages.filter(({ id }) => ids.has(id))
      .sort((a, b) => a.changedSeq - b.changedSeq);
    const hasMore = last < this.#entries.length;
    return { ...this.#answer(userId, messages, last), hasMore, reset: false };
  }

  /** A page of the history, or of the answers to a message. */
  page(
    userId: string,
    { before, after, threadId, limit }: {
      before?: string | undefined;
      after?: string | undefined;
      threadId?: string | undefined;
      limit: number;
    },
  ): MessagesPage {
    if (before !== undefined && after !== undefined) {
      throw invalid("before", "must not be given together with after");
    }
    if (threadId !== undefined) this.#find(threadId);
    const all = threadId === undefined
      ? this.#messages
      : this.#messages.filter((message) => message.threadId === threadId);
    const seqOf = (name: string, id: string) => {
      const seq = this.#messages.find((message) => message.id === id)?.seq;
      if (seq === undefined) throw invalid(name, "must be the id of a message of this room");
      return seq;
    };
    const first = after === undefined ? 0 : seqOf("after", after) + 1;
    const end = before === undefined ? Infinity : seqOf("before", before);
    const found = all.filter(({ seq }) => seq >= first && seq < end);
    const messages = after === undefined ? found.slice(-limit) : found.slice(0, limit);
    return { messages, ...this.#related(userId, messages), hasMore: found.length > limit };
  }

  /** The messages around one. */
  around(userId: string, messageId: string, limit: number): MessagesAround {
    const place = this.#messages.indexOf(this.#find(messageId));
    const half = Math.floor((limit - 1) / 2);
    const end = Math.min(this.#messages.length, Math.max(place - half, 0) + limit);
    const start = Math.max(0, end - limit);
    const messages = this.#messages.slice(start, end);
    const ends = { hasMoreBefore: start > 0, hasMoreAfter: end < this.#messages.length };
    return { messages, ...this.#related(userId, messages), ...ends };
  }

  /** The pinned messages, the last pinned first. */
  pins(userId: string): { messages: Message[] } & RelatedToReader {
    const messages = [...this.#pins].toSorted(([, a], [, b]) => b - a)
      .map(([id]) => this.#find(id));
    return { messages, ...this.#related(userId, messages) };
  }

  /** One message. */
  message(userId: string, messageId: string): { message: Message } & RelatedToReader {
    const message = this.#find(messageId);
    return { message, ...this.#related(userId, [message]) };
  }

  /** Loses the entries after `seq`, as when an older backup is restored. */
  restore(seq: number): void {
    this.#entries = this.#entries.slice(0, seq);
    const states = new Map(this.#entries.map(({ message }) => [message.id, message]));
    this.#messages = [...states.values()];
    this.#reactors.clear();
    for (const { id, reactions } of this.#messages) {
      for (const { emoji, users } of reactions) this.#reactors.set(`${id} ${emoji}`, users);
    }
    for (const [key, { ack }] of this.#acks) if (ack.seq > seq) this.#acks.delete(key);
    for (const [id, pinSeq] of this.#pins) if (pinSeq > seq) this.#pins.delete(id);
    for (const [id, readSeq] of this.#readSeqs) this.#readSeqs.set(id, Math.min(readSeq, seq));
  }

  /** Does a command once: it is acked the same when it is repeated. */
  #once(by: PublicUser, clientMessageId: string, asked: unknown[], act: () => Message): Ack {
    const key = `${by.id} ${clientMessageId}`;
    const request = JSON.stringify(asked);
    const known = this.#acks.get(key);
    if (known?.request === request) return known.ack;
    if (known) {
      const fault = "This clientMessageId was used for something else.";
      throw new ChatError("idempotency_conflict", fault);
    }
    const { id, changedSeq: seq, updatedAt: createdAt } = act();
    const ack = { roomId: this.#room.id, clientMessageId, id, seq, createdAt };
    this.#acks.set(key, { request, ack });
    return ack;
  }

  #ackOf({ id, changedSeq: seq, updatedAt: createdAt }: Message, changed: boolean): Ack {
    return { roomId: this.#room.id, id, seq, createdAt, changed };
  }

  #create(sender: PublicUser, fields: Partial<Message>): Message {
    const id = newId();
    const seq = this.#entries.length + 1;
    const at = now();
    const message = {
      ...{ ...NEW_MESSAGE, id, roomId: this.#room.id, seq, changedSeq: seq, sender, text: "" },
      ...{ clientMessageId: id, createdAt: at, updatedAt: at, ...fields },
    };
    this.#messages.push(message);
    this.#textSeqs.set(id, seq);
    this.#append(id, message, (place) => ({ event: "message:new", data: { ...place, message } }));
    return message;
  }

  #update(message: Message, fields: Partial<Message>, change: MessageChange): Message {
    return this.#replace(message, fields, (place, after) => {
      return { event: "message:updated", data: { ...place, change, message: after } };
    });
  }

  #replace(
    message: Message,
    fields: Partial<Message>,
    event: (place: Place, message: Message) => EntryEvent,
  ): Message {
    const changedSeq = this.#entries.length + 1;
    const after = { ...message, ...fields, changedSeq, updatedAt: now() };
    this.#messages[this.#messages.indexOf(message)] = after;
    this.#append(newId(), after, (place) => event(place, after));
    return after;
  }

  #append(id: string, message: Message, event: (place: Place) => EntryEvent): void {
    this.#entries.push({ id, message });
    const place = { roomId: this.#room.id, seq: this.#entries.length, entryId: id };
    this.#host.onEntry(event({ ...place, ...this.#relatedTo([message]) }));
  }

  #answer(userId: string, messages: Message[], lastSeq = this.#entries.length): Part {
    const lastEntryId = this.#entries[lastSeq - 1]?.id ?? null;
    return { messages, ...this.#related(userId, messages), lastSeq, lastEntryId };
  }

  #related(userId: string, messages: Message[]): RelatedToReader {
    const mine: RelatedToReader["mine"] = {};
    const threads: RelatedToReader["threads"] = {};
    for (const { id, reactions } of messages) {
      const own = reactions.map(({ emoji }) => emoji)
        .filter((emoji) => this.#reactors.get(`${id} ${emoji}`)?.includes(userId));
      if (own.length > 0) mine[id] = own;
      const answers = this.#messages.filter(({ threadId }) => threadId === id);
      if (answers.length > 0) threads[id] = { count: answers.length, lastSeq: answers.at(-1)!.seq };
    }
    return { ...this.#relatedTo(messages), mine, threads };
  }

  #relatedTo(messages: Message[]): Related {
    const among = new Set(messages.map(({ id }) => id));
    const answered = new Set(messages.flatMap(({ replyTo }) => replyTo ?? []));
    const referenced = this.#messages.filter(({ id }) => answered.has(id) && !among.has(id));
    const named = [...messages, ...referenced].flatMap(({ mentions, reactions }) => {
      return [...mentions, ...reactions.flatMap(({ users }) => users)];
    });
    const users = this.#host.usersOf([...new Set(named)]);
    return { ...(referenced.length > 0 && { referenced }), ...(users.length > 0 && { users }) };
  }

  #readState(userId: string): ReadState {
    const readSeq = this.#readSeqs.get(userId)!;
    const unread = this.#messages.filter(({ seq, sender, system, deletedAt }) => {
      return seq > readSeq && sender.id !== userId && !system && deletedAt === null;
    });
    const isOwn = (id: string | null) => {
      return this.#messages.some((message) => message.id === id && message.sender.id === userId);
    };
    const mentions = unread.filter(({ mentions, mentionsRoom, replyTo }) => {
      return mentionsRoom || mentions.includes(userId) || isOwn(replyTo);
    });
    return {
      readSeq,
      unread: Math.min(unread.length, MAX_UNREAD),
      mentions: Math.min(mentions.length, MAX_UNREAD),
    };
  }

  #find(id: string): Message {
    const message = this.#messages.find((message) => message.id === id);
    if (!message) throw messageNotFound();
    return message;
  }

  #requireOwner({ id }: PublicUser): void {
    if (id !== this.#room.createdBy.id) throw forbidden();
  }
}

type Place = { roomId: string; seq: number; entryId: string } & Related;

function now(): string {
  return new Date().toISOString();
}

function checkedText(text: string): string {
  const trimmed = text.trim();
  const length = [...trimmed].length;
  if (length >= 1 && length <= MAX_TEXT_LENGTH) return trimmed;
  throw invalid("text", `must have 1 to ${MAX_TEXT_LENGTH} characters`);
}

function requirePresent({ deletedAt }: Message): void {
  if (deletedAt) throw new ChatError("message_deleted", "The message was deleted.");
}

function forbidden(message = "You may not do this."): ChatError {
  return new ChatError("forbidden", message);
}

/** @param path the name of the field that is at fault */
export function invalid(path: string, message: string): ChatError {
  const faults = [{ path, message }];
  return new ChatError("validation_failed", `${path} ${message}.`, { faults });
}
