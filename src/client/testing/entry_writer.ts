/** Adds entries to a room of the server in memory: each creates or changes one message. */
import type { ServerEvents } from "../../protocol/wire/events.ts";
import {
  type Message,
  type MessageChange,
  NEW_MESSAGE,
  type Related,
} from "../../protocol/wire/messages.ts";
import type { PublicUser } from "../../protocol/wire/users.ts";
import { newId } from "../platform.ts";
import type { RoomReader, RoomState } from "./room_reader.ts";

/** A live entry, as it is sent to those who are in the room. */
export type EntryEvent = {
  [E in EntryName]: { event: E; data: ServerEvents[E] };
}[EntryName];

type EntryName = "message:new" | "message:updated" | "message:deleted";

/** What each event of an entry has. */
type Place = { roomId: string; seq: number; entryId: string } & Related;

export class EntryWriter {
  readonly #state: RoomState;
  readonly #reader: RoomReader;
  readonly #onEntry: (entry: EntryEvent) => void;

  constructor(state: RoomState, reader: RoomReader, onEntry: (entry: EntryEvent) => void) {
    this.#state = state;
    this.#reader = reader;
    this.#onEntry = onEntry;
  }

  /** Adds an entry that creates a message. */
  create(sender: PublicUser, fields: Partial<Message>): Message {
    const id = newId();
    const seq = this.#state.entries.length + 1;
    const at = now();
    const message: Message = {
      ...NEW_MESSAGE,
      ...{ id, roomId: this.#state.room.id, seq, changedSeq: seq, sender, text: "" },
      ...{ clientMessageId: id, createdAt: at, updatedAt: at, ...fields },
    };
    this.#state.messages.push(message);
    this.#append(id, message, (place) => ({ event: "message:new", data: { ...place, message } }));
    return message;
  }

  /** Adds an entry that changes a message. */
  update(message: Message, fields: Partial<Message>, change: MessageChange): Message {
    return this.replace(message, fields, (place, after) => {
      return { event: "message:updated", data: { ...place, change, message: after } };
    });
  }

  /**
   * Adds an entry that makes of a message what these fields say.
   * @param event makes the entry's event of what each has and of the message after it
   */
  replace(
    message: Message,
    fields: Partial<Message>,
    event: (place: Place, message: Message) => EntryEvent,
  ): Message {
    const changedSeq = this.#state.entries.length + 1;
    const after = { ...message, ...fields, changedSeq, updatedAt: now() };
    this.#state.messages[this.#state.messages.indexOf(message)] = after;
    this.#append(newId(), after, (place) => event(place, after));
    return after;
  }

  #append(id: string, message: Message, event: (place: Place) => EntryEvent): void {
    this.#state.entries.push({ id, message });
    const place = { roomId: this.#state.room.id, seq: this.#state.entries.length, entryId: id };
    this.#onEntry(event({ ...place, ...this.#reader.related([message]) }));
  }
}

/** The present moment, as messages have it. */
export function now(): string {
  return new Date().toISOString();
}
