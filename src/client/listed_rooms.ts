/** The rooms of a list: read from the server, kept live by the account's stream and own rooms. */
import type { AccountItem, MemberOfRoom } from "../protocol/wire/account.ts";
import type { ListedRoom, RemovalReason, RoomsQuery } from "../protocol/wire/rooms.ts";
import type { User } from "../protocol/wire/users.ts";
import type { Api } from "./api.ts";
import type { Connection } from "./connection.ts";
import type { JoinedRoom } from "./joined_room.ts";
import type { Observed } from "./observable.ts";
import type { RoomSummary } from "./room_summary.ts";

/** What the list needs of the client around it. */
export interface ListedRoomsHost {
  /** Shows the rooms. */
  readonly list: Observed<readonly RoomSummary[] | null>;
  readonly api: Api;
  readonly connection: Connection;
  join(id: string): JoinedRoom;
  /** The user has changed their profile, perhaps on another device. */
  onUser(user: User): void;
}

/** How often the list is read, so that public rooms that others make are in it. */
const RELOAD_MS = 30_000;
/** Of the 200 that a socket may be in, so that the app can join others. */
const MAX_JOINED = 100;
/** Without direct rooms and archived ones. */
const PUBLIC: RoomsQuery = { limit: 100 };
/** With what is unread. By name: no page moves by activity. */
const OWN: RoomsQuery[] = [
  { limit: 200, mine: true },
  { limit: 200, mine: true, archived: true },
];

export class ListedRooms {
  readonly #host: ListedRoomsHost;
  #listed: Map<string, ListedRoom> | null = null;
  /** What the account's stream said last, by room: how the user belongs to it, or why no longer. */
  readonly #own = new Map<string, MemberOfRoom | RemovalReason>();
  /** The last number of that stream. */
  #lastSeq = 0;
  /** Own rooms, of which this is computed. */
  readonly #joined = new Map<string, JoinedRoom>();
  /** Those that are not joined and have changed since they were read. */
  readonly #stale = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts the readings: answers to an older one are ignored. */
  #reading = 0;
  #isReading = false;

  constructor(host: ListedRoomsHost) {
    this.#host = host;
  }

  get #isUsed(): boolean {
    return this.#host.list.isUsed;
  }

  /** Reads the list, if somebody follows it and the server can be reached. */
  reload(): void {
    clearTimeout(this.#timer);
    if (this.#isUsed && this.#host.connection.isOnline) void this.#read();
  }

  /** Takes an item of the account's stream as it comes. */
  receive(item: AccountItem): void {
    this.#take(item);
    if (item.type === "read") this.#changed(item.data.roomId);
    if (item.type === "room") this.#changed(item.data.room.id);
    this.#update();
    // As it was read before it was joined.
    if (item.type === "room_removed") this.#changed(item.data.roomId);
  }

  /** There is a new message for the user. */
  mentioned(roomId: string): void {
    this.#unhide(roomId);
    this.#changed(roomId);
  }

  #take({ seq, type, data }: AccountItem): void {
    this.#lastSeq = seq;
    if (type === "profile") this.#host.onUser(data.user);
    if (type === "block") this.#reloadDirect(data.userId);
    if (type === "read") this.#joined.get(data.roomId)?.reading.moved(data.seq);
    if (type === "room") this.#own.set(data.room.id, data);
    if (type === "room_removed") this.#own.set(data.roomId, data.reason);
  }

  /** A block decides what one may do in the direct room with its user, and is no entry of its log. */
  #reloadDirect(userId: string): void {
    for (const { info, subscription } of this.#joined.values()) {
      if (info.get()?.members?.some(({ id }) => id === userId)) subscription.reload();
    }
  }

  /** Forgets everything: the session has ended. */
  end(): void {
    this.leave();
    this.#own.clear();
    this.#lastSeq = 0;
    this.#listed = null;
    this.#host.list.changed();
  }

  /** Asks what has changed of the account; from then on changes arrive by themselves. */
  async #recover(): Promise<void> {
    for (let hasMore = true; hasMore;) {
      const cursor = { lastSeenSeq: this.#lastSeq };
      await this.#host.connection.request("account:recover", cursor, (page) => {
        if (page.reset) this.#own.clear();
        page.items.forEach((item) => this.#take(item));
        this.#lastSeq = page.lastSeq;
        hasMore = page.hasMore;
        this.#update();
      });
    }
  }

  async #read(): Promise<void> {
    const reading = ++this.#reading;
    this.#isReading = true;
    try {
      // First: of what changes while rooms are read there are items.
      await this.#recover();
      const known = this.#areJoined()
        ? [...this.#listed!].filter(([id]) => this.#joined.has(id))
        : null;
      const listed = new Map(known);
      for (const query of known ? [PUBLIC] : [PUBLIC, ...OWN]) {
        for (let cursor: string | null = ""; cursor !== null;) {
          const page = await this.#host.api.listRooms({ ...query, cursor: cursor || undefined });
          if (reading !== this.#reading) return;
          for (const room of page.rooms) {
            listed.set(room.id, room);
            // Own rooms are listed only while they are not hidden.
            if (query.mine) this.#unhide(room.id, room.lastSeq);
          }
          cursor = page.nextCursor;
        }
      }
      this.#listed = listed;
      this.#update();
    } catch {
      // It is read again soon, and at the next connection.
    }
    if (reading !== this.#reading) return;
    this.#timer = setTimeout(() => this.reload(), RELOAD_MS);
    await this.#refresh();
  }

  /** Whether what happens in all own rooms is known, because they are joined. */
  #areJoined(): boolean {
    const rooms = this.#host.list.get();
    return rooms !== null && rooms.every(({ isMember, isJoined }) => isJoined || !isMember);
  }

  /** A room that is not joined is to be read again. */
  #changed(roomId: string): void {
    if (!this.#isUsed || this.#joined.get(roomId)?.reading.isMember) return;
    this.#stale.add(roomId);
    if (!this.#isReading) void this.#refresh();
  }

  /** Reads what has changed, one room at a time. */
  async #refresh(): Promise<void> {
    const reading = this.#reading;
    this.#isReading = true;
    for (const id of this.#stale) {
      this.#stale.delete(id);
      const room = await this.#host.api.readRoom(id).catch(() => null);
      if (reading !== this.#reading) return;
      if (room) this.#listed?.set(id, room);
      this.#update();
    }
    this.#isReading = false;
  }

  /** Something new is in a room. @param seq the end of its log then */
  #unhide(roomId: string, seq = Infinity): void {
    const own = this.#own.get(roomId);
    if (typeof own === "object" && seq > own.room.lastSeq) own.hidden = false;
  }

  /** Joins own rooms, the last active first, and leaves those that no longer are. */
  #update(): void {
    this.#host.list.changed();
    if (!this.#isUsed) return;
    const own = (this.#host.list.get() ?? []).filter(({ isMember }) => isMember).sort(byActivity);
    const ids = new Set(own.map(({ id }) => id));
    for (const [id, room] of this.#joined) if (!ids.has(id)) this.#drop(id, room);
    for (const id of ids) {
      if (this.#joined.has(id) || this.#joined.size >= MAX_JOINED) continue;
      const room = this.#host.join(id);
      // What is unread changes with the messages.
      for (const { derived } of [room.unread, room.info]) derived.add(this.#host.list);
      this.#joined.set(id, room);
      this.#host.list.changed();
    }
  }

  #drop(id: string, room: JoinedRoom): void {
    for (const { derived } of [room.unread, room.info]) derived.delete(this.#host.list);
    this.#joined.delete(id);
    room.leave();
    this.#host.list.changed();
  }

  /** Nobody follows the list any more. */
  leave(): void {
    this.#reading++;
    this.#isReading = false;
    this.#stale.clear();
    clearTimeout(this.#timer);
    this.#joined.forEach((room, id) => this.#drop(id, room));
  }

  /** The rooms as they are now; null until they are known. */
  summaries(): RoomSummary[] | null {
    const listed = this.#listed;
    if (!listed) return null;
    const unlisted = [...this.#own.values()].flatMap((own) => {
      const isNew = typeof own === "object" && !listed.has(own.room.id);
      return isNew ? { ...own.room, lastMessageAt: null } : [];
    });
    return [...listed.values(), ...unlisted].filter((room) => this.#exists(room))
      .map((room) => this.#summary(room)).sort(byName);
  }

  /** Whether a room is there for the user: a public one also after they have left it. */
  #exists({ id, type }: ListedRoom): boolean {
    const own = this.#own.get(id);
    return typeof own !== "string" || type === "public" && own !== "deleted";
  }

  #summary({ me, ...listed }: ListedRoom): RoomSummary {
    const room = this.#joined.get(listed.id);
    const own = this.#own.get(listed.id);
    const place = typeof own === "object" ? own : null;
    const isMember = own ? place !== null : me !== undefined;
    const live = room?.unread.get();
    const { unread, mentions } = live && live.readSeq !== null
      ? { unread: live.count, mentions: live.mentions }
      : isMember && me || { unread: 0, mentions: 0 };
    const last = room?.messages.get().findLast(({ seq }) => seq);
    const { createdAt = "", seq = 0 } = last ?? {};
    const info = { ...listed, ...room?.info.get() };
    return {
      ...info,
      lastSeq: Math.max(info.lastSeq, room?.cursor ?? 0),
      lastMessageAt: createdAt > (listed.lastMessageAt ?? "") ? createdAt : listed.lastMessageAt,
      isMember,
      role: place?.role ?? null,
      notifications: place?.notifications ?? "all",
      isHidden: place !== null && place.hidden && seq! <= place.room.lastSeq,
      unread,
      mentions,
      isJoined: room !== undefined,
    };
  }
}

/** Direct rooms have no name. */
function byName(a: RoomSummary, b: RoomSummary): number {
  if (!a.name && !b.name) return byActivity(a, b);
  return compare(Number(!a.name), Number(!b.name)) || compare(a.name, b.name);
}

/** The last active first. */
function byActivity(a: RoomSummary, b: RoomSummary): number {
  return compare(b.lastMessageAt ?? "", a.lastMessageAt ?? "");
}

function compare<T extends string | number>(a: T, b: T): number {
  return Number(a > b) - Number(a < b);
}
