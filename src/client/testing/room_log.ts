/** One room of the server in memory: its log, and the commands that add to it. */
import { ChatError } from "../../domain/errors.ts";
import type { File } from "../../protocol/wire/files.ts";
import type { ServerEvents } from "../../protocol/wire/events.ts";
import type { MemberOfRoom } from "../../protocol/wire/account.ts";
import { MAX_TEXT_LENGTH } from "../../protocol/wire/limits.ts";
import {
  type Message,
  type MessageClientEvents,
  NEW_MESSAGE,
} from "../../protocol/wire/messages.ts";
import type { ReadState, Room } from "../../protocol/wire/rooms.ts";
import type { PublicUser } from "../../protocol/wire/users.ts";
import { newId } from "../platform.ts";
import { type EntryEvent, EntryWriter, now } from "./entry_writer.ts";
import { forbidden, invalid } from "./refusals.ts";
import { RoomReader, type RoomState } from "./room_reader.ts";

type Ack = ServerEvents["message:ack"];
/** A command as a client sends it; the room is this one. */
type Command<E extends keyof MessageClientEvents> = Omit<MessageClientEvents[E], "roomId">;

/** What a room needs of the server around it. */
export interface RoomLogHost {
  /** The users with these ids, of those who exist. */
  usersOf(ids: readonly string[]): PublicUser[];
  /**
   * The files that a user puts into a message.
   * @throws ChatError `file_not_found`, `file_in_use`
   */
  attach(ids: readonly string[], userId: string): File[];
  /** An entry was added. */
  onEntry(entry: EntryEvent): void;
  /** A user has become a member. */
  onMember(userId: string, place: MemberOfRoom): void;
  /** A member has read up to an entry. */
  onRead(userId: string, seq: number): void;
}

const MAX_EMOJI = 20;
const MAX_PINS = 100;
/** Users whom a reaction names. */
const NAMED_USERS = 10;

/** What a deleted message loses. */
const { editedAt: _, replyTo: _r, threadId: _t, ...EMPTY } = NEW_MESSAGE;

export class RoomLog {
  readonly #host: RoomLogHost;
  readonly #state: RoomState;
  readonly #entries: EntryWriter;
  /** What it is as answers show it. */
  readonly reader: RoomReader;
  /** What was asked under each user's `clientMessageId`, and how it was acked. */
  readonly #acks = new Map<string, { request: string; ack: Ack }>();
  /** The numbers of the entries that the messages' texts are of, where these were edited. */
  readonly #textSeqs = new Map<string, number>();

  constructor(room: Omit<Room, "lastSeq">, host: RoomLogHost) {
    this.#host = host;
    this.#state = {
      room,
      messages: [],
      entries: [],
      reactors: new Map(),
      pins: new Map(),
      readSeqs: new Map(),
      usersOf: host.usersOf,
    };
    this.reader = new RoomReader(this.#state);
    this.#entries = new EntryWriter(this.#state, this.reader, (entry) => host.onEntry(entry));
    const { createdBy } = room;
    this.#entries.create(createdBy, {
      text: `${createdBy.displayName} created the room`,
      system: true,
      systemType: "room_created",
      systemData: { users: [createdBy.id] },
    });
    this.#addMember(createdBy.id, 1);
  }

  get room(): Room {
    return this.reader.room;
  }

  /** @throws ChatError why it is refused, as do all changes */
  send(by: PublicUser, command: Command<"message:send">): Ack {
    const { text, replyTo, mentions = [], mentionsRoom = false, metadata = null } = command;
    const { clientMessageId = newId(), attachments = [] } = command;
    const request = ["send", text, replyTo, mentions, mentionsRoom, metadata, attachments];
    return this.#once(by, clientMessageId, request, () => {
      const trimmed = attachments.length > 0 && text.trim() === "" ? "" : checkedText(text);
      const answered = replyTo == null ? null : this.reader.find(replyTo);
      if (mentionsRoom) this.#requireOwner(by);
      if (answered) requirePresent(answered);
      const place = answered && {
        replyTo: answered.id,
        threadId: answered.threadId ?? answered.id,
      };
      const message = this.#entries.create(by, {
        text: trimmed,
        clientMessageId,
        mentions: this.#host.usersOf(mentions).map(({ id }) => id),
        mentionsRoom,
        metadata,
        attachments: this.#host.attach(attachments, by.id),
        ...place,
      });
      if (!this.#state.readSeqs.has(by.id)) this.#addMember(by.id, message.seq);
      return message;
    });
  }

  edit(by: PublicUser, command: Command<"message:edit">): Ack {
    const { messageId, text, mentions, metadata, ifChangedSeq } = command;
    const { clientMessageId = newId() } = command;
    const request = ["edit", messageId, text, mentions, metadata, ifChangedSeq];
    return this.#once(by, clientMessageId, request, () => {
      const message = this.reader.find(messageId);
      if (message.system || message.sender.id !== by.id) throw forbidden();
      requirePresent(message);
      const textSeq = this.#textSeqs.get(messageId) ?? message.seq;
      if (ifChangedSeq !== undefined && textSeq > ifChangedSeq) {
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
      return this.#entries.update(message, fields, { type: "edited", by });
    });
  }

  delete(by: PublicUser, { messageId, clientMessageId = newId() }: Command<"message:delete">): Ack {
    return this.#once(by, clientMessageId, ["delete", messageId], () => {
      const message = this.reader.find(messageId);
      if (message.sender.id !== by.id) this.#requireOwner(by);
      if (message.system) throw forbidden();
      if (message.deletedAt) return message;
      this.#state.pins.delete(messageId);
      for (const { emoji } of message.reactions) {
        this.#state.reactors.delete(`${messageId} ${emoji}`);
      }
      const fields = { ...EMPTY, text: "", deletedAt: now() };
      return this.#entries.replace(message, fields, (place, after) => {
        return { event: "message:deleted", data: { ...place, messageId, by, message: after } };
      });
    });
  }

  /** @param isOn whether the user's emoji is to be on the message */
  react(by: PublicUser, { messageId, emoji: asked }: Command<"reaction:add">, isOn: boolean): Ack {
    const message = this.reader.find(messageId);
    requirePresent(message);
    const emoji = asked.replaceAll("\uFE0F", "");
    const key = `${messageId} ${emoji}`;
    const before = this.#state.reactors.get(key) ?? [];
    if (before.includes(by.id) === isOn) return this.#ackOf(message, false);
    if (before.length === 0 && message.reactions.length >= MAX_EMOJI) {
      throw new ChatError("limit_reached", `A message has at most ${MAX_EMOJI} different emoji.`);
    }
    const users = isOn ? [...before, by.id] : before.filter((id) => id !== by.id);
    this.#state.reactors.set(key, users);
    const reaction = { emoji, count: users.length, users: users.slice(0, NAMED_USERS) };
    const isKnown = message.reactions.some((each) => each.emoji === emoji);
    const reactions = isKnown
      ? message.reactions.map((each) => each.emoji === emoji ? reaction : each)
      : [...message.reactions, reaction];
    const fields = { reactions: reactions.filter(({ count }) => count > 0) };
    const use = { emoji, user: by };
    const uses = { added: isOn ? [use] : [], removed: isOn ? [] : [use] };
    return this.#ackOf(this.#entries.update(message, fields, { type: "reactions", ...uses }), true);
  }

  pin(by: PublicUser, { messageId }: Command<"message:pin">, isPinned: boolean): Ack {
    const message = this.reader.find(messageId);
    this.#requireOwner(by);
    requirePresent(message);
    if (message.pinned === isPinned) return this.#ackOf(message, false);
    if (isPinned && this.#state.pins.size >= MAX_PINS) {
      throw new ChatError("limit_reached", `A room has at most ${MAX_PINS} pinned messages.`);
    }
    if (isPinned) this.#state.pins.set(messageId, this.room.lastSeq + 1);
    else this.#state.pins.delete(messageId);
    const type = isPinned ? "pinned" : "unpinned";
    return this.#ackOf(this.#entries.update(message, { pinned: isPinned }, { type, by }), true);
  }

  /** @param isBack whether the position moves back to just before the message with this `seq` */
  setRead(userId: string, seq: number, isBack: boolean): ReadState {
    const known = this.#state.readSeqs.get(userId);
    if (known === undefined) throw forbidden("Only members have a read position.");
    const wanted = Math.min(seq, this.room.lastSeq);
    const readSeq = isBack ? Math.min(known, wanted - 1) : Math.max(known, wanted);
    this.#state.readSeqs.set(userId, readSeq);
    if (readSeq !== known) this.#host.onRead(userId, readSeq);
    return this.reader.readState(userId);
  }

  /** Loses the entries after `seq`, as when an older backup is restored. */
  restore(seq: number): void {
    this.#state.entries = this.#state.entries.slice(0, seq);
    const states = new Map(this.#state.entries.map(({ message }) => [message.id, message]));
    this.#state.messages = [...states.values()];
    this.#state.reactors.clear();
    for (const { id, reactions } of this.#state.messages) {
      for (const { emoji, users } of reactions) this.#state.reactors.set(`${id} ${emoji}`, users);
    }
    for (const [key, { ack }] of this.#acks) if (ack.seq > seq) this.#acks.delete(key);
    for (const [id, pinSeq] of this.#state.pins) if (pinSeq > seq) this.#state.pins.delete(id);
    for (const [id, readSeq] of this.#state.readSeqs) {
      this.#state.readSeqs.set(id, Math.min(readSeq, seq));
    }
  }

  #addMember(userId: string, readSeq: number): void {
    this.#state.readSeqs.set(userId, readSeq);
    this.#host.onMember(userId, this.reader.membershipOf(userId));
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
    const ack = { roomId: this.#state.room.id, clientMessageId, id, seq, createdAt };
    this.#acks.set(key, { request, ack });
    return ack;
  }

  #ackOf({ id, changedSeq: seq, updatedAt: createdAt }: Message, changed: boolean): Ack {
    return { roomId: this.#state.room.id, id, seq, createdAt, changed };
  }

  #requireOwner({ id }: PublicUser): void {
    if (id !== this.#state.room.createdBy.id) throw forbidden();
  }
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
