/** One room's log as this instance delivers it: strictly by `seq`, each entry once, no gap. */
import { getLogger } from "@logtape/logtape";
import { SingleFlight } from "../async/single_flight.ts";
import type { Metrics } from "../services/metrics.ts";
import type { RoomLog } from "../services/room_log.ts";
import type { Entry, LogPosition } from "../domain/entry.ts";
import type { Message } from "../domain/message.ts";
import { changesRoom } from "../domain/room_changes.ts";
import type { PublicUser } from "../domain/user.ts";
import type { Store } from "../ports/store/store.ts";
import { JOINED_MESSAGES } from "../protocol/wire/limits.ts";
import type { PublicUsers } from "../services/public_users.ts";
import { entryFrame } from "./entry_frame.ts";
import { EntryRelations, type ReadRelated } from "./entry_relations.ts";
import type { Flusher } from "./flusher.ts";
import type { RecentProfiles } from "./recent_profiles.ts";
import { type RenderedRelated, withCurrentSenders } from "./rendered_message.ts";
import { MAX_FRAME_LENGTH, type Subscriber } from "./subscriber.ts";
import { Window } from "./window.ts";

const logger = getLogger(["echoroom", "feed"]);

/** Entries read at once: a page is handed to sockets in one turn, so it must not fill them. */
const PAGE = 32;
const RETRY_MS = 1_000;

export interface FeedOptions {
  store: Store;
  /** Is informed of the position up to which entries were delivered. */
  log: Pick<RoomLog, "advance">;
  flusher: Flusher;
  metrics: Metrics;
  /** Must receive each event before this feed does. */
  profiles: RecentProfiles;
  publicUsers: PublicUsers;
  /** An entry was delivered that changes the room's members or settings; nothing after it was. */
  onRoomChange?: (entry: Entry) => void;
}

/**
 * Holds the latest entries of one room and sends every new one to the room's sockets. Entries are
 * offered in any order, late, twice or never: delivered ones are ignored, and at a gap the store is
 * read first. A socket that is added without an `await` after it was shown the window
 * misses nothing and sees nothing twice.
 */
export class Feed {
  /** Sockets that get every new entry. */
  readonly live = new Set<Subscriber>();

  /** What sockets are shown when they come in. */
  readonly window = new Window();

  readonly #roomId: string;
  readonly #roomIdText: string;
  readonly #store: Store;
  readonly #log: FeedOptions["log"];
  readonly #flusher: Flusher;
  readonly #metrics: Metrics;
  readonly #profiles: RecentProfiles;
  readonly #relations: EntryRelations;
  readonly #onRoomChange: FeedOptions["onRoomChange"];
  /** Frames that sockets of `echoroom.batch` get with the next flush. */
  #gathered: string[] = [];
  #gatheredLength = 0;
  /** The store's epoch when it had the log up to `head`. */
  #epoch = 0;
  #loaded = false;
  /** How often the window was invalidated, and how often when its present content was asked for. */
  #invalidations = 0;
  #validated = 0;
  #closed = false;
  readonly #catchUps = new SingleFlight(() => this.#catchUp());
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(roomId: string, options: FeedOptions) {
    const { store, log, flusher, metrics, profiles, publicUsers } = options;
    this.#roomId = roomId;
    this.#log = log;
    this.#roomIdText = JSON.stringify(roomId);
    this.#store = store;
    this.#flusher = flusher;
    this.#metrics = metrics;
    this.#profiles = profiles;
    this.#relations = new EntryRelations(roomId, this.window, { store, publicUsers });
    this.#onRoomChange = options.onRoomChange;
  }

  /** The last entry delivered. */
  get head(): number {
    return this.window.head;
  }

  /** Whether the window may be outdated: then it must not be shown before the next `refresh`. */
  get stale(): boolean {
    return this.#validated < this.#invalidations;
  }

  /** Takes entries from the bus and delivers those that are next. */
  offer(entries: readonly Entry[]): void {
    // Entries offered before the window is loaded may be missing in it: the log is read again then.
    if (!this.#loaded || this.#isOutdated(entries) || this.#take(entries)) this.repair();
  }

  /** Takes from the bus how far the log reaches at least. */
  offerHead(head: number): void {
    if (!this.#loaded || head > this.head) this.repair();
  }

  /** The window is read again before it is shown: the bus may have lost what changed it. */
  invalidate(): void {
    this.#invalidations++;
  }

  /**
   * Reads what the log has beyond `head` and delivers it. Resolves once everything that was
   * committed before the call has been delivered, and the window is not stale.
   * @throws ChatError `unavailable`
   */
  refresh(): Promise<void> {
    return this.#catchUps.run();
  }

  /** As `refresh`, in the background and until it succeeds. */
  repair(): void {
    this.refresh().catch((error) => {
      if (this.#closed) return;
      logger.warning("Room {roomId} cannot be read, trying again: {error}", {
        roomId: this.#roomId,
        error,
      });
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.repair(), RETRY_MS);
    });
  }

  /** Shows a sender as they are now in what joining sockets will see. */
  showProfile(user: PublicUser): void {
    this.window.showProfile(user);
  }

  /** Sends pending frames to the sockets that take arrays. */
  flush(): void {
    if (this.#gathered.length === 0) return;
    const inside = this.#gathered.join(",");
    const frame = this.#gathered.length === 1 ? inside : `[${inside}]`;
    this.#gathered = [];
    this.#gatheredLength = 0;
    for (const subscriber of this.live) {
      if (subscriber.batching) subscriber.sendBatch(inside, frame);
    }
  }

  /** Stops repairs; nothing is delivered afterwards. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.live.clear();
  }

  /** Whether a sender changed recently, perhaps after these entries were made. */
  #isOutdated(entries: readonly Entry[]): boolean {
    return entries.some(({ seq, message }) => {
      return seq > this.head && this.#profiles.has(message.sender.id);
    });
  }

  #gather(text: string): void {
    if (this.#gathered.push(text) === 1) this.#flusher.addRoom(this);
    this.#gatheredLength += text.length;
    if (this.#gatheredLength > MAX_FRAME_LENGTH) this.flush();
  }

  async #catchUp(): Promise<void> {
    if (!this.#loaded) await this.#load();
    else await this.#readOn();
    while (this.stale) await this.#reload();
  }

  async #readOn(): Promise<void> {
    while (true) {
      const since = this.#profiles.changes;
      const { epoch } = this.#store;
      const page = await this.#store.log.entriesAfter(this.#roomId, this.head, PAGE);
      if (page.length > 0) this.#epoch = epoch;
      const read = await this.#relations.read(page);
      this.#take(this.#withCurrentSenders(page, since), read);
      if (page.length < PAGE) return;
    }
  }

  async #load(): Promise<void> {
    this.#epoch = this.#store.epoch;
    const invalidations = this.#invalidations;
    const since = this.#profiles.changes;
    const { log } = this.#store;
    const end = await log.end(this.#roomId);
    const first = Math.max(0, end.seq - JOINED_MESSAGES);
    const entries = await log.entriesAfter(this.#roomId, first, end.seq - first);
    const messages = await this.#lastMessages(end, entries);
    const threads = messages.length === 0
      ? new Map()
      : await this.#store.messages.threads(this.#roomId, messages.map(({ id }) => id));
    this.#validated = invalidations;
    this.window.load({
      entries: this.#withCurrentSenders(entries, since),
      messages: withCurrentSenders(messages, this.#profiles, since),
      threads,
    });
    this.#loaded = true;
    this.#log.advance(this.#roomId, entries, this.#epoch);
  }

  /** The last messages up to the end; most often the last entries made them all. */
  async #lastMessages(end: LogPosition, entries: readonly Entry[]): Promise<Message[]> {
    const count = Math.min(JOINED_MESSAGES, end.n);
    const created = entries.filter(({ kind }) => kind === "created");
    if (created.length >= count) return created.map(({ message }) => message);
    const beyond = { seq: end.seq + 1, n: end.n + 1 };
    return await this.#store.messages.before(this.#roomId, beyond, count);
  }

  /** Reads what the window shows anew: what is delivered meanwhile is as new. */
  async #reload(): Promise<void> {
    const invalidations = this.#invalidations;
    const since = this.#profiles.changes;
    const messages = await this.#store.messages.find(this.#roomId, this.window.ids);
    // Only now: the window stays stale if the read fails, or if it was invalidated meanwhile.
    this.#validated = invalidations;
    this.window.refresh(withCurrentSenders(messages, this.#profiles, since));
  }

  #withCurrentSenders(entries: readonly Entry[], since: number): readonly Entry[] {
    if (since === this.#profiles.changes) return entries;
    return entries.map((entry) => {
      const [message] = withCurrentSenders([entry.message], this.#profiles, since);
      return { ...entry, message: message! };
    });
  }

  /**
   * Delivers what is next in order. Returns whether something is left: after a gap, or because what
   * goes with it has to be read first.
   * @param read what was read to go with the entries: nothing more is to be read
   */
  #take(entries: readonly Entry[], read?: ReadRelated): boolean {
    const delivered: Entry[] = [];
    let isLeft = false;
    for (const entry of entries) {
      if (entry.seq <= this.head) continue;
      const related = entry.seq === this.head + 1 ? this.#relations.of(entry, read) : null;
      isLeft = related === null;
      if (related === null) break;
      this.#deliver(entry, related);
      delivered.push(entry);
      if (entry.kind !== "created" || !changesRoom(entry.message)) continue;
      // First what decides who may do what: whoever is shown the change asks for it.
      this.#log.advance(this.#roomId, delivered.splice(0), this.#epoch);
      this.#onRoomChange?.(entry);
    }
    this.#log.advance(this.#roomId, delivered, this.#epoch);
    return isLeft;
  }

  #deliver(entry: Entry, related: RenderedRelated): void {
    const { text } = this.window.apply(entry);
    this.#send(entryFrame(entry, { roomId: this.#roomIdText, message: text, related }));
    this.#metrics.delivered(this.live.size, Date.now() - entry.createdAt.getTime());
  }

  #send(text: string): void {
    let gathering = false;
    for (const subscriber of this.live) {
      if (subscriber.batching) gathering = true;
      else subscriber.send(text);
    }
    if (gathering) this.#gather(text);
  }
}
