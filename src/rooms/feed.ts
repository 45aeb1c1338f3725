/** One room's log as this instance delivers it: strictly by `seq`, each entry once, no gap. */
import { getLogger } from "@logtape/logtape";
import { SingleFlight } from "../async/single_flight.ts";
import type { Metrics } from "../services/metrics.ts";
import type { RoomLog } from "../services/room_log.ts";
import { type Entry, positionOf } from "../domain/entry.ts";
import type { PublicUser } from "../domain/user.ts";
import type { Store } from "../ports/store/store.ts";
import { frameOf } from "../protocol/frames.ts";
import { JOINED_MESSAGES } from "../protocol/wire/limits.ts";
import { MAX_FRAME_LENGTH, type Subscriber } from "./subscriber.ts";
import { render, type RenderedEntry, withCurrentSenders, withSender } from "./rendered_entry.ts";
import type { Flusher } from "./flusher.ts";
import type { RecentProfiles } from "./recent_profiles.ts";

const logger = getLogger(["echoroom", "feed"]);

/** The window is cut back to the smaller number when it passes the larger. */
const WINDOW = { min: 64, max: 128 } as const;
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

  readonly #roomId: string;
  readonly #roomIdText: string;
  readonly #store: Store;
  readonly #log: FeedOptions["log"];
  readonly #flusher: Flusher;
  readonly #metrics: Metrics;
  readonly #profiles: RecentProfiles;
  /** Frames that sockets of `echoroom.batch` get with the next flush. */
  #gathered: string[] = [];
  #gatheredLength = 0;
  /** The latest entries, ascending, without a gap, up to `head`. */
  #window: RenderedEntry[] = [];
  #head = 0;
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
    const { store, log, flusher, metrics, profiles } = options;
    this.#roomId = roomId;
    this.#log = log;
    this.#roomIdText = JSON.stringify(roomId);
    this.#store = store;
    this.#flusher = flusher;
    this.#metrics = metrics;
    this.#profiles = profiles;
  }

  /** The last entry delivered. */
  get head(): number {
    return this.#head;
  }

  /** The id of the last entry delivered; null while the log is empty. */
  get headId(): string | null {
    return this.#window.at(-1)?.entry.id ?? null;
  }

  /** The id of an entry; undefined if it is not in the window. */
  idOf(seq: number): string | undefined {
    return this.#window[this.#window.length - 1 - (this.#head - seq)]?.entry.id;
  }

  /** Whether the window may be outdated: then it must not be shown before the next `refresh`. */
  get stale(): boolean {
    return this.#validated < this.#invalidations;
  }

  /** The last entries, as `room:joined` shows them. */
  latest(): RenderedEntry[] {
    return this.#window.slice(-JOINED_MESSAGES);
  }

  /** The entries after `seq`, all of them; null if the window does not reach back that far. */
  after(seq: number): RenderedEntry[] | null {
    const first = this.#head - this.#window.length;
    return seq >= first && seq <= this.#head ? this.#window.slice(seq - first) : null;
  }

  /** Takes entries from the bus and delivers those that are next. */
  offer(entries: readonly Entry[]): void {
    // Entries offered before the window is loaded may be missing in it: the log is read again then.
    if (!this.#loaded || this.#isOutdated(entries) || this.#take(entries)) this.repair();
  }

  /** Takes from the bus how far the log reaches at least. */
  offerHead(head: number): void {
    if (!this.#loaded || head > this.#head) this.repair();
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
    this.#window = this.#window.map((rendered) => {
      const { sender } = rendered.entry.message;
      return sender.id === user.id ? withSender(rendered, user) : rendered;
    });
  }

  /** Whether a sender changed recently, perhaps after these entries were made. */
  #isOutdated(entries: readonly Entry[]): boolean {
    return entries.some(({ seq, message }) => {
      return seq > this.#head && this.#profiles.has(message.sender.id);
    });
  }

  #gather(text: string): void {
    if (this.#gathered.push(text) === 1) this.#flusher.addRoom(this);
    this.#gatheredLength += text.length;
    if (this.#gatheredLength > MAX_FRAME_LENGTH) this.flush();
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

  async #catchUp(): Promise<void> {
    if (!this.#loaded) await this.#load();
    else await this.#readOn();
    while (this.stale) await this.#reload();
  }

  async #readOn(): Promise<void> {
    while (true) {
      const since = this.#profiles.changes;
      const { epoch } = this.#store;
      const page = await this.#store.log.entriesAfter(this.#roomId, this.#head, PAGE);
      if (page.length > 0) this.#epoch = epoch;
      this.#take(page, since);
      if (page.length < PAGE) return;
    }
  }

  async #load(): Promise<void> {
    this.#epoch = this.#store.epoch;
    this.#window = await this.#readWindow(Number.MAX_SAFE_INTEGER);
    const last = this.#window.at(-1)?.entry;
    this.#head = last?.seq ?? 0;
    this.#loaded = true;
    if (last) this.#log.advance(this.#roomId, positionOf(last), this.#epoch);
  }

  async #reload(): Promise<void> {
    const head = this.#head;
    const window = await this.#readWindow(head + 1);
    // Followed by what was delivered meanwhile.
    this.#window = [...window, ...this.#window.filter(({ entry }) => entry.seq > head)];
  }

  async #readWindow(before: number): Promise<RenderedEntry[]> {
    const invalidations = this.#invalidations;
    const since = this.#profiles.changes;
    const latest = await this.#store.log.entriesBefore(this.#roomId, before, JOINED_MESSAGES);
    // Only now: the window stays stale if the read fails, or if it was invalidated meanwhile.
    this.#validated = invalidations;
    return withCurrentSenders(latest.map(render), this.#profiles, since);
  }

  /**
   * Delivers what is next in order. Returns whether there is a gap before the rest.
   * @param since `profiles.changes` before the entries were read
   */
  #take(entries: readonly Entry[], since = this.#profiles.changes): boolean {
    const fresh = entries.filter(({ seq }) => seq > this.#head);
    const gap = fresh.findIndex(({ seq }, i) => seq !== this.#head + 1 + i);
    const next = gap < 0 ? fresh : fresh.slice(0, gap);
    if (next.length > 0) this.#deliver(next, since);
    return next.length < fresh.length;
  }

  #deliver(entries: Entry[], since: number): void {
    const rendered = withCurrentSenders(entries.map(render), this.#profiles, since);
    const last = entries.at(-1)!;
    this.#head = last.seq;
    this.#log.advance(this.#roomId, positionOf(last), this.#epoch);
    this.#window.push(...rendered);
    for (const each of rendered) this.#send(each);
    if (this.#window.length > WINDOW.max) this.#window = this.#window.slice(-WINDOW.min);
  }

  #send({ entry, text: message }: RenderedEntry): void {
    const { id, seq } = entry;
    const text = frameOf("message:new", {
      roomId: this.#roomIdText,
      seq: String(seq),
      entryId: JSON.stringify(id),
      message,
    });
    let gathering = false;
    for (const subscriber of this.live) {
      if (subscriber.batching) gathering = true;
      else subscriber.send(text);
    }
    if (gathering) this.#gather(text);
    this.#metrics.delivered(this.live.size, Date.now() - entry.message.createdAt.getTime());
  }
}
