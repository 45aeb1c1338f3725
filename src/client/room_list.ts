/** The list of rooms: read from the server, kept live by the account's stream and the user's own rooms. */
import type { AccountItem, MemberOfRoom } from "../protocol/wire/account.ts";
import type { RoomRole } from "../protocol/wire/members.ts";
import type { ListedRoom, RemovalReason } from "../protocol/wire/rooms.ts";
import type { User } from "../protocol/wire/users.ts";
import type { Api } from "./api.ts";
import type { Connection } from "./connection.ts";
import type { JoinedRoom } from "./joined_room.ts";
import { type Observable, Observed } from "./observable.ts";

/** A room as it is listed. */
export interface RoomSummary extends Omit<ListedRoom, "me"> {
  /** Whether the user belongs to it: was added, has sent to it, or made it. */
  readonly isMember: boolean;
  /** The user's role in it; null if they are no member, or it is not known yet. */
  readonly role: RoomRole | null;
  /** What the user wants to be notified of. */
  readonly notifications: MemberOfRoom["notifications"];
  /** Whether the user has hidden it, and nothing new is in it. */
  readonly isHidden: boolean;
  /** Messages of others that the user has not read; 100 means more. */
  readonly unread: number;
  /** Those among them that name the user, answer them, or mean everybody. */
  readonly mentions: number;
}

/** All public rooms and the user's own, those that are new last; null until they are known. */
export interface ObservableRooms extends Observable<readonly RoomSummary[] | null> {
  /** Reads the list now, if it has subscribers; otherwise it is read every 30 s. */
  reload(): void;
}

/** What the list needs of the client around it. */
export interface RoomListHost {
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
const PAGE = 100;

/** Is read, and kept current, while it has subscribers. */
export class RoomList extends Observed<readonly RoomSummary[] | null> implements ObservableRooms {
  readonly #host: RoomListHost;
  #listed: ListedRoom[] | null = null;
  /** What the account's stream said last, by room: how the user belongs to it, or why no longer. */
  readonly #own = new Map<string, MemberOfRoom | RemovalReason>();
  /** The last number of that stream. */
  #lastSeq = 0;
  /** The user's own rooms, of which this is computed. */
  readonly #joined = new Map<string, JoinedRoom>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts the readings: answers to an older one are ignored. */
  #reading = 0;

  constructor(host: RoomListHost) {
    super(() => this.#summaries(), (isUsed) => isUsed ? this.reload() : this.#leave());
    this.#host = host;
  }

  reload(): void {
    clearTimeout(this.#timer);
    if (!this.isUsed || !this.#host.connection.isOnline) return;
    this.#recover();
    void this.#read();
  }

  /** Takes an item of the account's stream. */
  receive({ seq, type, data }: AccountItem): void {
    this.#lastSeq = seq;
    if (type === "profile") this.#host.onUser(data.user);
    if (type === "block") this.#reloadDirect(data.userId);
    if (type === "read") this.#joined.get(data.roomId)?.reading.moved(data.seq);
    if (type === "room") this.#own.set(data.room.id, data);
    if (type === "room_removed") this.#own.set(data.roomId, data.reason);
    this.#update();
  }

  /** A block decides what one may do in the direct room with its user, and is no entry of its log. */
  #reloadDirect(userId: string): void {
    for (const { info, subscription } of this.#joined.values()) {
      if (info.get()?.members?.some(({ id }) => id === userId)) subscription.reload();
    }
  }

  /** Forgets everything: the session has ended. */
  end(): void {
    this.#leave();
    this.#own.clear();
    this.#lastSeq = 0;
    this.#listed = null;
    this.changed();
  }

  /** Asks what has changed of the account; from then on changes arrive by themselves. */
  #recover(): void {
    const cursor = { lastSeenSeq: this.#lastSeq };
    this.#host.connection.request("account:recover", cursor, (page) => {
      if (page.reset) this.#own.clear();
      page.items.forEach((item) => this.receive(item));
      this.#lastSeq = page.lastSeq;
      if (page.hasMore) this.#recover();
    }).catch(() => {});
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
      this.#update();
    } catch {
      // It is read again soon, and at the next connection.
    }
    if (reading !== this.#reading) return;
    this.#timer = setTimeout(() => this.reload(), RELOAD_MS);
  }

  /** Joins the user's own rooms, and leaves those that no longer are. */
  #update(): void {
    this.changed();
    const own = new Set(this.get()?.filter(({ isMember }) => isMember).map(({ id }) => id));
    for (const [id, room] of this.#joined) if (!own.has(id)) this.#drop(id, room);
    for (const id of own) {
      if (this.#joined.has(id) || this.#joined.size >= MAX_JOINED) continue;
      const room = this.#host.join(id);
      // What is unread changes with the messages.
      for (const { derived } of [room.unread, room.info]) derived.add(this);
      this.#joined.set(id, room);
    }
  }

  #drop(id: string, room: JoinedRoom): void {
    for (const { derived } of [room.unread, room.info]) derived.delete(this);
    this.#joined.delete(id);
    room.leave();
  }

  #leave(): void {
    this.#reading++;
    clearTimeout(this.#timer);
    this.#joined.forEach((room, id) => this.#drop(id, room));
  }

  #summaries(): RoomSummary[] | null {
    const listed = this.#listed;
    if (!listed) return null;
    const unlisted = [...this.#own.values()].flatMap((own) => {
      const isNew = typeof own === "object" && !listed.some(({ id }) => id === own.room.id);
      return isNew ? { ...own.room, lastMessageAt: null } : [];
    });
    return [...listed, ...unlisted].filter((room) => this.#exists(room))
      .map((room) => this.#summary(room));
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
    const live = room?.unread.get();
    const { unread, mentions } = live && live.readSeq !== null
      ? { unread: live.count, mentions: live.mentions }
      : me ?? { unread: 0, mentions: 0 };
    const last = room?.messages.get().findLast(({ seq }) => seq);
    const { createdAt = "", seq = 0 } = last ?? {};
    return {
      ...listed,
      ...room?.info.get(),
      lastMessageAt: createdAt > (listed.lastMessageAt ?? "") ? createdAt : listed.lastMessageAt,
      isMember: own ? place !== null : me !== undefined,
      role: place?.role ?? null,
      notifications: place?.notifications ?? "all",
      isHidden: place !== null && place.hidden && seq! <= place.room.lastSeq,
      unread,
      mentions,
    };
  }
}
