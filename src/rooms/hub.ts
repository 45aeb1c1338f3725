/** The rooms that this instance serves now: opened for the first socket, closed after the last. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Services } from "../services/services.ts";
import type { Entry } from "../domain/entry.ts";
import type { BusEvent } from "../ports/bus.ts";
import type { Admit, Cursor, Entered, Missed } from "./catch_up.ts";
import type { Flusher } from "./flusher.ts";
import { RecentProfiles } from "./recent_profiles.ts";
import { ServedRoom } from "./served_room.ts";
import type { Subscriber } from "./subscriber.ts";

/** What follows when a room begins or ceases to be served here, and when it changes. */
export interface RoomLifecycle {
  /** The room is open and its events arrive; sockets come in next. */
  opened(roomId: string): void;
  closed(roomId: string): void;
  /** A socket is taken out of the room; it is still in it. */
  removed(roomId: string, subscriber: Subscriber): void;
  /** An entry that was delivered has changed the room's members or settings. */
  changed(entry: Entry, room: ServedRoom): void;
  /** What a user, with a socket in the room or without, may do has changed, and no entry says so. */
  accessChanged(roomId: string, userId: string, room: ServedRoom): void | Promise<void>;
}

type HubServices = Pick<Services, "store" | "bus" | "log" | "metrics" | "publicUsers">;

/** Rooms whose heads are asked for at once. */
const HEADS_AT_ONCE = 500;
/** How long an entry that is most likely this instance's own may wait to arrive without a read. */
const OWN_WRITE_MS = 50;

export class Hub {
  readonly #services: HubServices;
  readonly #flusher: Flusher;
  readonly #profiles: RecentProfiles;
  readonly #lifecycle: RoomLifecycle;
  readonly #rooms = new Map<string, ServedRoom>();

  /** @param profiles must receive each event before this does */
  constructor(
    services: HubServices,
    flusher: Flusher,
    lifecycle: RoomLifecycle,
    profiles = new RecentProfiles(),
  ) {
    this.#services = services;
    this.#flusher = flusher;
    this.#profiles = profiles;
    this.#lifecycle = lifecycle;
    services.metrics.watch("rooms_open", "Rooms with a socket in them", () => this.#rooms.size);
  }

  /** Takes an event of the bus; one about a room that is not served here costs a look-up. */
  receive(event: BusEvent): void {
    switch (event.kind) {
      case "appended":
        return this.#rooms.get(event.roomId)?.feed.offer(event.entries);
      case "head_advanced":
        return this.#receiveHead(event.roomId, event.head);
      case "member_joined":
        return void this.showAccess(event.roomId, event.userId);
      case "member_left":
        return this.#rooms.get(event.leftRoomId)?.remove({
          userIds: [event.userId],
          reason: "left",
        });
      case "append_uncertain":
        return this.#rooms.get(event.roomId)?.feed.repair();
      case "profile_changed":
        for (const { feed } of this.#rooms.values()) feed.showProfile(event.user);
        return;
      case "interrupted":
        for (const { feed } of this.#rooms.values()) feed.invalidate();
    }
  }

  /** Shows sockets of a user in a room what they may do there now; resolves once that is done. */
  async showAccess(roomId: string, userId: string): Promise<void> {
    const room = this.#rooms.get(roomId);
    if (room) await this.#lifecycle.accessChanged(roomId, userId, room);
  }

  /**
   * Compares the rooms served here with the store, to find entries that the bus has lost.
   * @throws ChatError `unavailable`
   */
  async checkHeads(): Promise<void> {
    const roomIds = [...this.#rooms.keys()];
    for (let i = 0; i < roomIds.length; i += HEADS_AT_ONCE) {
      const heads = await this.#services.store.log.heads(roomIds.slice(i, i + HEADS_AT_ONCE));
      for (const [roomId, head] of heads) this.#rooms.get(roomId)?.feed.offerHead(head);
    }
  }

  /**
   * Puts a socket into a room, if `admit` lets it in. `welcome` is called in the same turn in which the
   * socket begins to get entries: whatever it sends comes before entry `lastSeq` + 1 and after nothing
   * newer. It is not called if the socket has closed meanwhile.
   * @throws ChatError `unavailable`; what `admit` throws
   */
  join<A>(
    roomId: string,
    subscriber: Subscriber,
    admit: Admit<A>,
    welcome: (entered: Entered, admission: A) => void,
  ): Promise<void> {
    return this.#inRoom(roomId, (room) => room.join(subscriber, admit, welcome));
  }

  /**
   * Finds what a socket missed after `cursor`. Unless there is more than fits one answer the socket
   * is in the room when `answer` is called, as with `join`; until then it gets no live entries.
   * @param earlier what has to be answered before
   * @throws ChatError `unavailable`; what `admit` throws
   */
  recover<A>(
    roomId: string,
    cursor: Cursor,
    subscriber: Subscriber,
    earlier: Promise<void>,
    admit: Admit<A>,
    answer: (missed: Missed, admission: A) => void,
  ): Promise<void> {
    return this.#inRoom(roomId, (room) => room.recover(cursor, subscriber, earlier, admit, answer));
  }

  /**
   * Delivers what the log of a room that is served here has had before the call.
   * @throws ChatError `unavailable`
   */
  async refresh(roomId: string): Promise<void> {
    await this.#rooms.get(roomId)?.feed.refresh();
  }

  /** The last entry delivered in a room; undefined if it is not served here. */
  head(roomId: string): number | undefined {
    return this.#rooms.get(roomId)?.feed.head;
  }

  /** Whether a socket is in a room. */
  has(roomId: string, subscriber: Subscriber): boolean {
    return this.#rooms.get(roomId)?.has(subscriber) ?? false;
  }

  /**
   * Says whether a socket in the room gets what is broadcast there.
   * @returns whether it did before
   */
  setPresent(roomId: string, subscriber: Subscriber, present: boolean): boolean {
    return this.#rooms.get(roomId)?.setPresent(subscriber, present) ?? false;
  }

  /** Takes a socket out of a room; does nothing if it is not in it. */
  leave(roomId: string, subscriber: Subscriber): void {
    const room = this.#rooms.get(roomId);
    if (!room) return;
    room.leave(subscriber);
    this.#closeIfIdle(roomId, room);
  }

  /** Sends a frame that is no entry of the log to all who are present in the room but this user. */
  broadcast(roomId: string, text: string, exceptUserId?: string): void {
    this.#rooms.get(roomId)?.broadcast(text, exceptUserId);
  }

  close(): void {
    for (const room of this.#rooms.values()) room.close();
    this.#rooms.clear();
  }

  #receiveHead(roomId: string, head: number): void {
    const feed = this.#rooms.get(roomId)?.feed;
    if (!feed || head <= feed.head) return;
    // The database may announce an entry before it answers the instance that wrote it.
    const published = this.#services.log.published(roomId);
    if (!published) return feed.offerHead(head);
    void Promise.race([published, sleep(OWN_WRITE_MS)]).then(() => feed.offerHead(head));
  }

  async #inRoom(roomId: string, work: (room: ServedRoom) => Promise<void>): Promise<void> {
    const room = this.#rooms.get(roomId) ?? this.#open(roomId);
    try {
      await work(room);
    } finally {
      this.#closeIfIdle(roomId, room);
    }
  }

  #open(roomId: string): ServedRoom {
    const { store, bus, log, metrics, publicUsers } = this.#services;
    // Events first: what is committed after the feed has read the store must arrive as an event.
    const opened = bus.follow(roomId).then(() => this.#lifecycle.opened(roomId));
    const [flusher, profiles] = [this.#flusher, this.#profiles];
    const services = { store, log, metrics, publicUsers };
    const room: ServedRoom = new ServedRoom(roomId, {
      ...services,
      flusher,
      profiles,
      opened,
      onRemoved: (subscriber) => {
        this.#lifecycle.removed(roomId, subscriber);
        // Not now: the entries of which one takes it out are still being delivered.
        queueMicrotask(() => this.#closeIfIdle(roomId, room));
      },
      onChange: (entry) => this.#lifecycle.changed(entry, room),
    });
    this.#rooms.set(roomId, room);
    return room;
  }

  #closeIfIdle(roomId: string, room: ServedRoom): void {
    if (!room.idle || this.#rooms.get(roomId) !== room) return;
    room.close();
    this.#rooms.delete(roomId);
    this.#services.bus.unfollow(roomId);
    this.#lifecycle.closed(roomId);
  }
}
