/** A room as an app uses it. */
import type { File } from "../protocol/wire/files.ts";
import type { EmojiUse, Message } from "../protocol/wire/messages.ts";
import type { Room as RoomInfo } from "../protocol/wire/rooms.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import type { EchoRoomError } from "./errors.ts";
import type { Observable } from "./observable.ts";
import type { ChatMessage, MessageRef } from "./chat_message.ts";
import type { Ack, Edit, MessageOptions, OutgoingFile } from "./commands.ts";
import type { Unread } from "./reading.ts";
import type { Thread } from "./thread.ts";

/** The state of a room. */
export type RoomState =
  /** There is no connection; what is shown is as it was. */
  | { readonly status: "waiting" }
  /** The server was asked to let this client in, or for what it missed. */
  | { readonly status: "joining" }
  /** Every entry of the log arrives as it is written. */
  | { readonly status: "live" }
  /**
   * The server refuses: there is no such room, the user was taken out of it, or this client is in too
   * many. It is asked again after ever longer waits, at the next `client.join()`, and once this client
   * has made a room or left one.
   */
  | { readonly status: "failed"; readonly error: EchoRoomError }
  /** The app has left the room, the user has signed out, or the client was closed. */
  | { readonly status: "left" };

/** Who is in a room. */
export interface Attendance {
  /** How many, over all instances; null while offline, or if the server refuses the room. */
  readonly count: number | null;
  /** By name; not all of them while more than 200 are online. */
  readonly users: readonly PublicUser[];
}

/** What the last return to a room brought. */
export interface Recovery {
  /** How many messages were missed. */
  readonly messages: number;
  /** Whether the server had lost part of the log, and what was shown was replaced. */
  readonly reset: boolean;
}

/** What a message may hold beside its text. */
export interface SendOptions extends MessageOptions {
  /** The message that it answers; it may still be unsent. */
  replyTo?: MessageRef | undefined;
  /** Whether it means everybody in the room. */
  mentionsRoom?: boolean | undefined;
  /**
   * At most 10: those of an `<input type="file">`, of a paste or a drop, or those of a message that
   * failed. They are uploaded first; messages without files do not wait for that.
   */
  files?: readonly (Blob | OutgoingFile)[] | undefined;
  /** Files that are uploaded already, and in no message of another room. */
  attachments?: readonly File[] | undefined;
}

/** Who has changed a message. */
export interface ChangedBy {
  /** The user. */
  readonly by: PublicUser;
}

/** How far another member has read. */
export interface OthersReading {
  /** Who. */
  readonly userId: string;
  /** The last entry of the log that is read. */
  readonly seq: number;
}

/** Who reacted to a message, or took that back. */
export interface ChangedReactions {
  /** New reactions. */
  readonly added: readonly EmojiUse[];
  /** Those taken back. */
  readonly removed: readonly EmojiUse[];
}

/**
 * The events of a room, by their names, and what their handlers get. Each entry of the room's log is
 * one event, in its order, once `room.messages` has it. What was missed comes first after a return, by
 * the entry that changed each message last. What is in the room when it is joined is no event.
 */
export interface RoomEvents {
  /** Somebody, perhaps the user, or the system has sent a message; also one missed while away. */
  message: [message: Message, room: Room];
  /** A message was edited. */
  edited: [message: Message, room: Room, change: ChangedBy];
  /** A message was deleted. */
  deleted: [message: Message, room: Room, change: ChangedBy];
  /** The reactions to a message have changed. */
  reactions: [message: Message, room: Room, change: ChangedReactions];
  /** A message was pinned. */
  pinned: [message: Message, room: Room, change: ChangedBy];
  /** A message was unpinned. */
  unpinned: [message: Message, room: Room, change: ChangedBy];
  /**
   * A message was changed while the user was away, perhaps several times: the server says what it is
   * now, not what happened to it.
   */
  changed: [message: Message, room: Room];
  /**
   * Another member has read on, or marked something as unread: in direct rooms and private ones of up
   * to 100 members, at most once in 2 s. No entry of the log: what happened while away is not repeated.
   */
  read: [read: OthersReading, room: Room];
  /** The server has another log, since a backup was restored: `room.messages` was replaced. */
  reset: [room: Room];
}

/** Handles the events of one name. A message is as it was then, or later. */
export type RoomEventHandler<T extends keyof RoomEvents> = (...event: RoomEvents[T]) => void;

/** A room that the app has joined; made by `client.join()`. */
export interface Room {
  /** The id or slug that was given to `client.join()`. */
  readonly name: string;
  /** The room's id; before the first join its `name`. */
  readonly id: string;
  /** The last entry of the log up to which nothing is missing here; 0 before the room was joined. */
  readonly cursor: number;
  /**
   * The room itself; null until it was first joined. It changes with the room, not with each entry: its
   * `lastSeq` is that of the last join, recovery or change, and `cursor` goes on.
   */
  readonly info: Observable<RoomInfo | null>;
  /** What the user may do in it; none until it was first joined, and while it is `failed`. */
  readonly capabilities: Observable<readonly string[]>;
  /** Its state. */
  readonly state: Observable<RoomState>;
  /** Oldest first, own ones that are still on their way last. */
  readonly messages: Observable<readonly ChatMessage[]>;
  /** Whether {@linkcode Room.loadOlder} would find more. */
  readonly hasOlder: Observable<boolean>;
  /** Who is in the room. */
  readonly online: Observable<Attendance>;
  /** The others who type. */
  readonly typing: Observable<readonly PublicUser[]>;
  /** What the last return after a loss brought; null until there was one. */
  readonly recovery: Observable<Recovery | null>;

  /** How much of the room the user has not read: by the server, and counted live. */
  readonly unread: Observable<Unread>;
  /**
   * The room's pinned messages, oldest first; null until they are loaded, which they are as soon as there
   * is a subscriber. From then on they are kept current.
   */
  readonly pins: Observable<readonly ChatMessage[] | null>;

  /**
   * Subscribes to the room's events of one name. To show messages subscribe to `messages` instead; a bot
   * that must miss nothing over restarts uses `follow` of `@echoroom/client/bot`.
   * @param handler gets what {@linkcode RoomEvents} says: for most events the message, the room, and what
   *   has changed
   * @returns ends the subscription
   */
  on<T extends keyof RoomEvents>(type: T, handler: RoomEventHandler<T>): () => void;

  /**
   * Sends a message. It is in `messages` at once (or as soon as it is known who is signed in), is
   * sent as soon as there is a connection, and is sent again until the server has it; a reload of the
   * page does not lose it. `closed` and `signed_out` only end the wait: what the browser keeps goes
   * out when the same user is back, except after `client.logout()`.
   * With files it is sent once these are uploaded, one after the other, again after losses of the
   * connection and, where the browser has IndexedDB, after a reload. Until then `delete` cancels it.
   * @param text trimmed by the server, then 1 to 4,000 characters; with files it may be empty
   * @returns the server's confirmation that the message is durable
   * @throws {EchoRoomError} the server's refusal, or `closed`, `signed_out` or `discarded`
   */
  send(text: string, options?: SendOptions): Promise<Ack>;

  /** Sends a message that answers another one. */
  reply(message: MessageRef, text: string, options?: SendOptions): Promise<Ack>;

  /**
   * Changes one of the user's own messages. As all changes it is shown at once, goes out after what the
   * user did before in this room, survives a reload as unsent messages do, and is done once however
   * often it was sent. If the server refuses it, the message is shown as it was. A message that is not
   * sent yet is sent with the new text, or as it was before if the server refuses that.
   * @param message as it is shown, its `id`, or its `key`
   * @param text undefined leaves it as it is
   * @returns resolves once the change is durable
   * @throws {EchoRoomError} the server's refusal (`edit_conflict`, `message_deleted`, `forbidden` …),
   *   `message_not_found`, `closed` or `signed_out`
   */
  edit(message: MessageRef, text?: string, options?: Omit<Edit, "text">): Promise<void>;

  /**
   * Deletes a message: a tombstone stays. One that was not sent yet is never sent, and its `send`
   * throws `discarded`; one that failed is removed.
   * @throws {EchoRoomError} as `edit`
   */
  delete(message: MessageRef): Promise<void>;

  /**
   * Adds the user's reaction. One that is taken back before it was sent is not sent.
   * @param emoji one emoji, or a name of 1 to 32 of `a-z0-9_+-`
   * @throws {EchoRoomError} as `edit`
   */
  react(message: MessageRef, emoji: string): Promise<void>;

  /**
   * Takes the user's reaction back.
   * @throws {EchoRoomError} as `edit`
   */
  unreact(message: MessageRef, emoji: string): Promise<void>;

  /**
   * Adds a message to the room's pins, for all.
   * @throws {EchoRoomError} as `edit`
   */
  pin(message: MessageRef): Promise<void>;

  /**
   * Removes a message from the room's pins.
   * @throws {EchoRoomError} as `edit`
   */
  unpin(message: MessageRef): Promise<void>;

  /**
   * Shows a message and the answers to it, beside the room's own list, until the thread is closed.
   * @param message any of the thread's that is shown, or the id of the one that it begins with
   * @throws {EchoRoomError} `message_not_found` if it is not sent yet
   */
  thread(message: MessageRef): Thread;

  /**
   * Sends a message that failed once more, as a new one. What answers it answers the new one.
   * @throws {EchoRoomError} as `send`; `message_not_found` while what it answers has failed
   */
  retry(message: ChatMessage): Promise<Ack>;

  /** Removes a message that failed. Returns false for any other. */
  discard(message: ChatMessage): boolean;

  /** The message shown under this `id` or `key`, or one that a message shown answers; none for null. */
  find(message: MessageRef | null): ChatMessage | undefined;

  /**
   * Sets how far the user has read; call it when the newest messages are on the screen. The server is
   * told at most every two seconds, when the room is left or the client disconnected or closed, and
   * after an outage.
   * @param seq of the last entry that is read; without it everything shown
   */
  markRead(seq?: number): void;

  /**
   * Sets how far the user has read back to just before a message.
   * @throws {EchoRoomError} `message_not_found` if it is not shown, or not sent
   */
  markUnread(message: MessageRef): void;

  /** Whether the room is on the screen: only then its user counts as being there. */
  setPresent(isPresent: boolean): void;

  /**
   * Loads messages older than those shown, a page at a time.
   * @returns whether there are still more
   * @throws {EchoRoomError}
   */
  loadOlder(): Promise<boolean>;

  /**
   * Loads older messages until one is shown, as for a permalink: all from it on, so that there is no
   * gap. Call it once the room is live.
   * @throws {EchoRoomError} `message_not_found` if the room has no such message
   */
  loadAround(messageId: string): Promise<void>;

  /**
   * Removes all but the newest messages, for rooms that stay open for days; older ones can be loaded
   * again with {@linkcode Room.loadOlder}. Unsent messages stay.
   * @param keep how many of the server's messages, 1 or more
   */
  forgetOlder(keep: number): void;

  /** Call it on every key: shows others that this user types, until some time after the last key. */
  keystroke(): void;

  /** Shows others that this user no longer types. */
  stopTyping(): void;

  /** Leaves the room: once for each `client.join()`. The last one leaves it on the server. */
  leave(): void;
}
