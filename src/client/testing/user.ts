/** A user of the server in memory, whom a test lets act without a client. */
import type { Message } from "../../protocol/wire/messages.ts";
import type { Room } from "../../protocol/wire/rooms.ts";
import type { PublicUser } from "../../protocol/wire/users.ts";
import type { Edit, MessageOptions } from "../commands.ts";
import { EchoRoomError } from "../errors.ts";
import type { Account } from "./accounts.ts";
import type { Chat } from "./chat.ts";
import { refusalOf } from "./refusals.ts";
import type { RoomLog } from "./room_log.ts";

/** What another user's message holds beside its text. */
export interface TestMessageOptions extends MessageOptions {
  /** The id of the message that it answers. */
  replyTo?: string;
  /** Whether it means everybody; only the room's creator may. */
  mentionsRoom?: boolean;
}

/**
 * A user with an account. What they do, clients know when the call returns. Rooms are named by their
 * id or slug, messages by their `id`. Refusals are thrown as a client's are.
 */
export class TestUser {
  /** For a sign-in form. */
  readonly email: string;
  /** For a sign-in form. */
  readonly password: string;
  readonly #chat: Chat;
  readonly #account: Account;

  /** @ignore */
  constructor(chat: Chat, account: Account) {
    this.#chat = chat;
    this.#account = account;
    this.email = account.user.email;
    this.password = account.password;
  }

  /** As in `sender.id` and `mentions`. */
  get id(): string {
    return this.#user.id;
  }

  /** As it is now. */
  get displayName(): string {
    return this.#user.displayName;
  }

  /** Makes a room, which this user owns. Its `slug` comes from its name: `general` from "General". */
  createRoom(name: string, description: string | null = null): Room {
    return attempt(() => this.#chat.createRoom(this.#user, { name, description }).room);
  }

  /** Sends a message, and returns it as others see it. */
  send(room: string, text: string, { mentions, ...options }: TestMessageOptions = {}): Message {
    const content = { text, ...options, ...(mentions && { mentions: [...mentions] }) };
    return this.#in(room, (log) => log.send(this.#user, content));
  }

  /** Edits a message of their own. */
  edit(room: string, messageId: string, { mentions, ...edit }: Edit): Message {
    const change = { messageId, ...edit, ...(mentions && { mentions: [...mentions] }) };
    return this.#in(room, (log) => log.edit(this.#user, change));
  }

  /** Deletes a message. */
  delete(room: string, messageId: string): Message {
    return this.#in(room, (log) => log.delete(this.#user, { messageId }));
  }

  /** Adds a reaction. */
  react(room: string, messageId: string, emoji: string): Message {
    return this.#in(room, (log) => log.react(this.#user, { messageId, emoji }, true));
  }

  /** Takes a reaction back. */
  unreact(room: string, messageId: string, emoji: string): Message {
    return this.#in(room, (log) => log.react(this.#user, { messageId, emoji }, false));
  }

  /** Pins a message; only the room's creator may. */
  pin(room: string, messageId: string): Message {
    return this.#in(room, (log) => log.pin(this.#user, { messageId }, true));
  }

  /** Unpins a message. */
  unpin(room: string, messageId: string): Message {
    return this.#in(room, (log) => log.pin(this.#user, { messageId }, false));
  }

  /** Is in a room from now on. */
  enter(room: string): void {
    attempt(() => this.#chat.enter(this.#chat.room(room).room.id, this.#user, this));
  }

  /** Is no longer in a room. */
  leave(room: string): void {
    attempt(() => this.#chat.leave(this.#chat.room(room).room.id, this.#user, this));
  }

  /** Types in a room, until they send or stop. */
  startTyping(room: string): void {
    attempt(() => this.#chat.type(this.#chat.room(room).room.id, this.#user, true));
  }

  /** Types no longer. */
  stopTyping(room: string): void {
    attempt(() => this.#chat.type(this.#chat.room(room).room.id, this.#user, false));
  }

  /** Ends all sessions of this user: their clients are signed out. */
  signOut(): void {
    this.#chat.signOut(this.#chat.accounts.endAll(this.id));
  }

  get #user(): PublicUser {
    return this.#account.shown;
  }

  #in(room: string, act: (log: RoomLog) => { id: string }): Message {
    return attempt(() => {
      const log = this.#chat.room(room);
      const { id } = act(log);
      // A copy, so that no test can change what the server holds.
      return JSON.parse(JSON.stringify(log.reader.message(this.id, id).message));
    });
  }
}

/**
 * Does something on the server for a test.
 * @throws {EchoRoomError} the server's refusal, as clients get it
 */
export function attempt<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    const { message, code, faults: errors } = refusalOf(error);
    throw new EchoRoomError({ message, code, errors });
  }
}
