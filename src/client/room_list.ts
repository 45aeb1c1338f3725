/** The list of rooms, with what is unread: from the server, and kept live by being in the user's own. */
import type { ListedRoom } from "../protocol/wire/rooms.ts";
import type { Api } from "./api.ts";
import type { Connection } from "./connection.ts";
import type { JoinedRoom } from "./joined_room.ts";
import { type Observable, Observed } from "./observable.ts";

/** A room as it is listed. */
export interface RoomSummary extends Omit<ListedRoom, "me"> {
  /** Whether the user belongs to it: has sent to it, or made it. */
  readonly isMember: boolean;
  /** Messages of others that the user has not read; 100 means more. */
  readonly unread: number;
  /** Those among them that name the user, answer them, or mean everybody. */
  readonly mentions: number;
}

/** All rooms, by name; null until they are known. */
export interface ObservableRooms extends Observable<readonly RoomSummary[] | null> {
  /** Reads the list now, if it has subscribers; otherwise it is read every 30 s. */
  reload(): void;
}

/** What the list needs of the client around it. */
export interface RoomListHost {
  readonly api: Api;
  readonly connection: Connection;
  join(id: string): JoinedRoom;
}

/** How often the list is read, so that new rooms are in it. */
const RELOAD_MS = 30_000;
/** Of the 200 that a socket may be in, so that the app can join others. */
const MAX_JOINED = 100;
const PAGE = 100;

/** Is read, and kept current, while it has subscribers. */
export class RoomList extends Observed<readonly RoomSummary[] | null> implements ObservableRooms {
  readonly #host: RoomListHost;
  #listed: ListedRoom[] | null = null;
  /** The user's own rooms, of which this is computed. */
  readonly #joined = new Map<string, JoinedRoom>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts the readings: answers to an older one are ignored. */
  #reading = 0;

  constructor(host: RoomListHost) {
    super(
      () => this.#listed?.map((listed) => this.#summary(listed)) ?? null,
      (isUsed) => isUsed ? this.reload() : this.#leave(),
    );
    this.#host = host;
  }

  reload(): void {
    clearTimeout(this.#timer);
    if (this.isUsed && this.#host.connection.isOnline) void this.#read();
  }

  /** Forgets everything: the session has ended. */
  end(): void {
    this.#leave();
    this.#listed = null;
    this.changed();
  }

  async #read(): Promise<void> {
    const reading = ++this.#reading;
    const rooms: ListedRoom[] = [];
    try {
      for (let cursor: string | null = ""; cursor !== null;) {
        const page = { limit: PAGE, cursor: cursor || undefined };
        const answer = await this.#host.api.listRooms(page);
        if (reading !== this.#reading) return;
        rooms.push(...answer.rooms);
        cursor = answer.nextCursor;
      }
      this.#listed = rooms;
      this.#join();
      this.changed();
    } catch {
      // It is read again soon, and at the next connection.
    }
    if (reading !== this.#reading) return;
    this.#timer = setTimeout(() => this.reload(), RELOAD_MS);
  }

  #join(): void {
    for (const { id, me } of this.#listed!) {
      if (!me || this.#joined.has(id) || this.#joined.size >= MAX_JOINED) continue;
      const room = this.#host.join(id);
      // What is unread changes with the messages.
      for (const { derived } of [room.unread, room.info]) derived.add(this);
      this.#joined.set(id, room);
    }
  }

  #leave(): void {
    this.#reading++;
    clearTimeout(this.#timer);
    for (const room of this.#joined.values()) {
      for (const { derived } of [room.unread, room.info]) derived.delete(this);
      room.leave();
    }
    this.#joined.clear();
  }

  #summary({ me, ...listed }: ListedRoom): RoomSummary {
    const room = this.#joined.get(listed.id);
    const live = room?.unread.get();
    const { unread, mentions } = live && live.readSeq !== null
      ? { unread: live.count, mentions: live.mentions }
      : me ?? { unread: 0, mentions: 0 };
    const sent = room?.messages.get().filter(({ seq }) => seq);
    const last = sent?.at(-1)?.createdAt ?? "";
    const lastMessageAt = last > (listed.lastMessageAt ?? "") ? last : listed.lastMessageAt;
    return { ...listed, lastMessageAt, isMember: me !== undefined, unread, mentions };
  }
}
