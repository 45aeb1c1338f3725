/** A room of the server in memory as its answers show it. */
import { messageNotFound } from "../../domain/errors.ts";
import type { ServerEvents } from "../../protocol/wire/events.ts";
import type { MemberOfRoom } from "../../protocol/wire/account.ts";
import { JOINED_MESSAGES, MISSED_MESSAGES } from "../../protocol/wire/limits.ts";
import type {
  Message,
  MessagesAround,
  MessagesPage,
  Related,
  RelatedToReader,
} from "../../protocol/wire/messages.ts";
import type { ListedRoom, ReadState, Room } from "../../protocol/wire/rooms.ts";
import type { PublicUser } from "../../protocol/wire/users.ts";
import { invalid } from "./refusals.ts";

/** What a room's log has made of it. */
export interface RoomState {
  readonly room: Omit<Room, "lastSeq">;
  /** In the order of their creation, as they are now. */
  messages: Message[];
  /** Each with what it made of its message. */
  entries: { id: string; message: Message }[];
  /** Who has put an emoji on a message, in order; by the message's id and the emoji. */
  readonly reactors: Map<string, string[]>;
  /** The numbers of the entries that pinned the messages which are pinned. */
  readonly pins: Map<string, number>;
  /** How far each member has read. */
  readonly readSeqs: Map<string, number>;
  /** The users with these ids, of those who exist. */
  usersOf(ids: readonly string[]): PublicUser[];
}

/** Messages with what goes with them, and the end of the log that they are of. */
type Part =
  & Pick<ServerEvents["room:joined"], "messages" | "lastSeq" | "lastEntryId">
  & RelatedToReader;

/** The room, and what one may do in it. */
type Place = Pick<ServerEvents["room:joined"], "room" | "capabilities">;

const OF_ALL = ["message.send", "message.react"];
const OF_MEMBERS = ["message.edit_own", "message.delete_own"];
const OF_OWNERS = ["message.mention_room", "message.pin", "message.delete_any"];

const MAX_UNREAD = 100;

export class RoomReader {
  readonly #state: RoomState;

  constructor(state: RoomState) {
    this.#state = state;
  }

  get room(): Room {
    return { ...this.#state.room, lastSeq: this.#state.entries.length };
  }

  /** The room as it is listed for a user. */
  listedFor(userId: string): ListedRoom {
    const lastMessageAt = this.#state.messages.at(-1)?.createdAt ?? null;
    const me = this.#state.readSeqs.has(userId) ? this.readState(userId) : undefined;
    return { ...this.room, lastMessageAt, ...(me && { me }) };
  }

  /** A member's place in the room. */
  membershipOf(userId: string): MemberOfRoom {
    const role = this.#state.room.createdBy.id === userId ? "owner" : "member";
    const readSeq = this.#state.readSeqs.get(userId)!;
    return { room: this.room, role, notifications: "all", hidden: false, readSeq };
  }

  /** What a join shows. */
  joined(userId: string): Place & Part {
    return {
      ...this.#place(userId),
      ...this.#answer(userId, this.#state.messages.slice(-JOINED_MESSAGES)),
    };
  }

  /** What was missed after a cursor, in pages of 200 messages. */
  missed(
    userId: string,
    after: number,
    entryId?: string,
    limit = MISSED_MESSAGES,
  ): Omit<ServerEvents["connection:missed"], "roomId"> {
    const known = this.#state.entries[after - 1]?.id;
    const isForeign = after > 0 && (known === undefined || (entryId ?? known) !== known);
    if (isForeign) {
      const latest = this.#state.messages.slice(-Math.min(limit, JOINED_MESSAGES));
      const place = this.#place(userId);
      return { ...place, ...this.#answer(userId, latest), hasMore: false, reset: true };
    }
    const ids = new Set<string>();
    let last = after;
    for (; last < this.#state.entries.length; last++) {
      const messageId = this.#state.entries[last]!.message.id;
      if (!ids.has(messageId) && ids.size === limit) break;
      ids.add(messageId);
    }
    const messages = this.#state.messages.filter(({ id }) => ids.has(id))
      .sort((a, b) => a.changedSeq - b.changedSeq);
    const hasMore = last < this.#state.entries.length;
    const place = this.#place(userId);
    return { ...place, ...this.#answer(userId, messages, last), hasMore, reset: false };
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
    if (threadId !== undefined) this.find(threadId);
    const all = threadId === undefined
      ? this.#state.messages
      : this.#state.messages.filter((message) => message.threadId === threadId);
    const seqOf = (name: string, id: string) => {
      const seq = this.#state.messages.find((message) => message.id === id)?.seq;
      if (seq === undefined) throw invalid(name, "must be the id of a message of this room");
      return seq;
    };
    const first = after === undefined ? 0 : seqOf("after", after) + 1;
    const end = before === undefined ? Infinity : seqOf("before", before);
    const found = all.filter(({ seq }) => seq >= first && seq < end);
    const messages = after === undefined ? found.slice(-limit) : found.slice(0, limit);
    return { messages, ...this.#relatedToReader(userId, messages), hasMore: found.length > limit };
  }

  /** The messages around one. */
  around(userId: string, messageId: string, limit: number): MessagesAround {
    const place = this.#state.messages.indexOf(this.find(messageId));
    const half = Math.floor((limit - 1) / 2);
    const end = Math.min(this.#state.messages.length, Math.max(place - half, 0) + limit);
    const start = Math.max(0, end - limit);
    const messages = this.#state.messages.slice(start, end);
    const ends = { hasMoreBefore: start > 0, hasMoreAfter: end < this.#state.messages.length };
    return { messages, ...this.#relatedToReader(userId, messages), ...ends };
  }

  /** The pinned messages, the last pinned first. */
  pins(userId: string): { messages: Message[] } & RelatedToReader {
    const messages = [...this.#state.pins].toSorted(([, a], [, b]) => b - a)
      .map(([id]) => this.find(id));
    return { messages, ...this.#relatedToReader(userId, messages) };
  }

  /** One message. */
  message(userId: string, messageId: string): { message: Message } & RelatedToReader {
    const message = this.find(messageId);
    return { message, ...this.#relatedToReader(userId, [message]) };
  }

  /** How far a member has read, and what is unread. */
  readState(userId: string): ReadState {
    const readSeq = this.#state.readSeqs.get(userId)!;
    const unread = this.#state.messages.filter(({ seq, sender, system, deletedAt }) => {
      return seq > readSeq && sender.id !== userId && !system && deletedAt === null;
    });
    const isOwn = (id: string | null) => {
      return this.#state.messages.some((message) =>
        message.id === id && message.sender.id === userId
      );
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

  /** What goes with messages, whoever reads them. */
  related(messages: Message[]): Related {
    const among = new Set(messages.map(({ id }) => id));
    const answered = new Set(messages.flatMap(({ replyTo }) => replyTo ?? []));
    const referenced = this.#state.messages.filter(({ id }) => answered.has(id) && !among.has(id));
    const named = [...messages, ...referenced].flatMap(({ mentions, reactions }) => {
      return [...mentions, ...reactions.flatMap(({ users }) => users)];
    });
    const users = this.#state.usersOf([...new Set(named)]);
    return { ...(referenced.length > 0 && { referenced }), ...(users.length > 0 && { users }) };
  }

  /** @throws ChatError `message_not_found` */
  find(id: string): Message {
    const message = this.#state.messages.find((message) => message.id === id);
    if (!message) throw messageNotFound();
    return message;
  }

  #place(userId: string): Place {
    const isOwner = this.#state.room.createdBy.id === userId;
    const isMember = isOwner || this.#state.readSeqs.has(userId);
    const capabilities = [
      ...OF_ALL,
      ...(isMember ? OF_MEMBERS : []),
      ...(isOwner ? OF_OWNERS : []),
    ];
    return { room: this.room, capabilities };
  }

  #answer(userId: string, messages: Message[], lastSeq = this.#state.entries.length): Part {
    const lastEntryId = this.#state.entries[lastSeq - 1]?.id ?? null;
    return { messages, ...this.#relatedToReader(userId, messages), lastSeq, lastEntryId };
  }

  #relatedToReader(userId: string, messages: Message[]): RelatedToReader {
    const mine: RelatedToReader["mine"] = {};
    const threads: RelatedToReader["threads"] = {};
    for (const { id, reactions } of messages) {
      const own = reactions.map(({ emoji }) => emoji)
        .filter((emoji) => this.#state.reactors.get(`${id} ${emoji}`)?.includes(userId));
      if (own.length > 0) mine[id] = own;
      const answers = this.#state.messages.filter(({ threadId }) => threadId === id);
      if (answers.length > 0) threads[id] = { count: answers.length, lastSeq: answers.at(-1)!.seq };
    }
    return { ...this.related(messages), mine, threads };
  }
}
