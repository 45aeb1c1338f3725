/**
 * What happens in a room, one thing at a time: for sounds, notifications and logs. To show messages,
 * subscribe to `room.messages` instead; a bot that must miss nothing over restarts uses `follow` of
 * `@echoroom/client/bot`.
 *
 * @example
 * ```ts
 * import { createClient } from "@echoroom/client";
 * import { on } from "@echoroom/client/events";
 *
 * const client = createClient("https://chat.example.com");
 * const ada = { email: "ada@example.com", password: "correct horse", displayName: "Ada" };
 * await client.login(ada).catch(() => client.register(ada));
 * await client.api.readRoom("general").catch(() => client.api.createRoom({ name: "General" }));
 * const room = client.join("general");
 * const end = on(room, "message", ({ message }) => {
 *   console.log(`${message.sender.displayName}: ${message.text}`);
 *   end();
 * });
 * on(room, "deleted", ({ message, by }) => console.log(`${by.displayName} deleted ${message.id}`));
 * room.state.subscribe(() => {
 *   if (room.state.get().status === "live") room.send("Hello");
 * });
 * ```
 *
 * @module
 */
import type { EmojiUse, Message } from "../protocol/wire/messages.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import type { JoinedRoom } from "./joined_room.ts";
import type { EntryRelated } from "./log_entry.ts";
import { MessageSet } from "./message_set.ts";
import type { Room } from "./room.ts";
import type { TimelineView } from "./timeline_view.ts";

/** What every event about a message has. */
export interface MessageEvent {
  /** The room in which it happened. */
  readonly room: Room;
  /** The message as it was then, or later. */
  readonly message: Message;
}

/** What a user has done to a message. */
export interface ChangeEvent extends MessageEvent {
  /** Who did it. */
  readonly by: PublicUser;
}

/** Who reacted to a message, or took that back. */
export interface ReactionEvent extends MessageEvent {
  /** New reactions. */
  readonly added: readonly EmojiUse[];
  /** Those taken back. */
  readonly removed: readonly EmojiUse[];
}

/** The events of a room, by their names. */
export interface RoomEvents {
  /** Somebody, perhaps the user, or the system has sent a message; also one missed while away. */
  message: MessageEvent;
  /** A message was edited. */
  edited: ChangeEvent;
  /** A message was deleted. */
  deleted: ChangeEvent;
  /** The reactions to a message have changed. */
  reacted: ReactionEvent;
  /** A message was pinned. */
  pinned: ChangeEvent;
  /** A message was unpinned. */
  unpinned: ChangeEvent;
  /**
   * A message was changed while the user was away, perhaps several times: the server tells what it is
   * now, not what happened to it.
   */
  changed: MessageEvent;
  /** The server has another log, since a backup was restored: `room.messages` was replaced. */
  reset: {
    /** The room. */
    readonly room: Room;
  };
}

/**
 * Calls a function for everything of one kind that happens in a room from now on: each entry of the
 * log once, in its order, after `room.messages` has it. What was missed comes first after a return, by
 * the entry that changed each message last. What is in the room when it is joined is no event.
 * @returns ends that
 */
export function on<T extends keyof RoomEvents>(
  room: Room,
  type: T,
  handler: (event: RoomEvents[T]) => void,
): () => void {
  const { timeline } = room as JoinedRoom;
  const events = new EventView(room as JoinedRoom, type, handler as (event: object) => void);
  timeline.views.add(events);
  return () => events.end();
}

class EventView implements TimelineView {
  /** None: it shows nothing. */
  readonly set: MessageSet = new MessageSet(() => null);

  readonly #room: JoinedRoom;
  readonly #type: keyof RoomEvents;
  readonly #handler: (event: object) => void;
  #isOver = false;

  constructor(room: JoinedRoom, type: keyof RoomEvents, handler: (event: object) => void) {
    this.#room = room;
    this.#type = type;
    this.#handler = handler;
  }

  end(): void {
    this.#isOver = true;
    this.#room.timeline.views.delete(this);
  }

  fold(message: Message, mine?: string[], related: EntryRelated = {}): void {
    const { seq } = this.#room.timeline.cursor;
    // The messages of the first join, or of a new log.
    if (seq === 0) return;
    if (message.seq > seq) return this.#emit("message", { message });
    if (!mine) return this.#emit(typeOf(related), { ...related.change, ...byOf(related), message });
    // A page that is not of what was missed shows messages as they are known.
    const known = this.#room.timeline.main.set.find(message.id)?.changedSeq ?? seq;
    if (message.changedSeq > known) this.#emit("changed", { message });
  }

  reset(): void {
    // The end of the session is no new log.
    if (this.#room.state.get().status !== "left") this.#emit("reset", {});
  }

  #emit(type: string, event: object): void {
    if (type !== this.#type) return;
    // After the room shows it; a handler that throws must stop neither the others nor the client.
    queueMicrotask(() => {
      if (!this.#isOver) this.#handler({ ...event, room: this.#room });
    });
  }
}

/** The event of a live entry that changes a message. */
function typeOf({ change }: EntryRelated): string {
  if (!change) return "deleted";
  return change.type === "reactions" ? "reacted" : change.type;
}

/** Who deleted a message: of other changes that is in the change. */
function byOf({ by }: EntryRelated): { by?: PublicUser } {
  return by ? { by } : {};
}
