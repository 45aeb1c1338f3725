/** The messages that mention the user, answer them, or mean everybody, the newest first. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Mention, MentionsPage } from "../../src/client/mod.ts";
import { type BrowserStorage, type Kept, kept } from "../kept.ts";

/** Reads a page: the first one, or the one at a cursor. */
export type ReadMentions = (cursor: string | null) => Promise<MentionsPage>;

export interface MentionsInboxOptions {
  read: ReadMentions;
  /** Whether something for the user is unread in a room. */
  isUnread(roomId: string): boolean;
  /** As of `kept`. */
  storage?: () => BrowserStorage;
}

export class MentionsInbox {
  readonly #kept: Kept;
  readonly #options: MentionsInboxOptions;
  readonly #mentions = signal<readonly Mention[] | null>(null);
  readonly #nextCursor = signal<string | null>(null);
  readonly #fault = signal("");
  /** When the newest mention was sent that the user has looked at; ISO 8601. */
  readonly #seen: Signal<string>;
  /** How many of them the user has neither looked at here nor read in their room. */
  readonly newCount: ReadonlySignal<number>;
  #reading: Promise<void> | null = null;
  #isStale = false;
  #isEnded = false;

  /** @param userId whose mentions they are: other users of this browser have looked at others */
  constructor(userId: string, options: MentionsInboxOptions) {
    this.#kept = kept(`echoroom:mentions:${userId}`, options.storage);
    this.#options = options;
    this.#seen = signal(this.#kept.read() ?? "");
    this.newCount = computed(() => {
      return this.#mentions.value?.filter((mention) => this.isNew(mention)).length ?? 0;
    });
  }

  /** Null until they were read. */
  get mentions(): ReadonlySignal<readonly Mention[] | null> {
    return this.#mentions;
  }

  get hasMore(): boolean {
    return this.#nextCursor.value !== null;
  }

  /** Why they could not be read; `""` if they could. */
  get fault(): ReadonlySignal<string> {
    return this.#fault;
  }

  isNew({ message, room }: Mention): boolean {
    return message.createdAt > this.#seen.value && this.#options.isUnread(room.id);
  }

  /** Reads the newest ones anew; while that is under way, once more after it. */
  reload(): Promise<void> {
    this.#isStale = true;
    this.#reading ??= this.#read().finally(() => this.#reading = null);
    return this.#reading;
  }

  async loadMore(): Promise<void> {
    const cursor = this.#nextCursor.peek();
    if (cursor === null) return;
    const before = this.#mentions.peek();
    const page = await this.#options.read(cursor);
    if (this.#isEnded || before !== this.#mentions.peek()) return;
    this.#mentions.value = [...before ?? [], ...page.mentions];
    this.#nextCursor.value = page.nextCursor;
  }

  /** The user has looked at all that are there. */
  markSeen(): void {
    const newest = this.#mentions.peek()?.[0]?.message.createdAt ?? "";
    if (newest <= this.#seen.peek()) return;
    this.#seen.value = newest;
    this.#kept.write(newest);
  }

  /** The user has signed out. */
  erase(): void {
    this.#kept.erase();
  }

  end(): void {
    this.#isEnded = true;
    this.#mentions.value = null;
  }

  async #read(): Promise<void> {
    while (this.#isStale && !this.#isEnded) {
      this.#isStale = false;
      try {
        const { mentions, nextCursor } = await this.#options.read(null);
        if (this.#isEnded) return;
        this.#take(mentions, nextCursor);
        this.#fault.value = "";
      } catch (error) {
        this.#fault.value = (error as Error).message;
      }
    }
  }

  /** Takes the newest page; older ones that were loaded stay if they follow it. */
  #take(mentions: readonly Mention[], nextCursor: string | null): void {
    const known = this.#mentions.peek() ?? [];
    const lastId = mentions.at(-1)?.message.id;
    const place = known.findIndex(({ message }) => message.id === lastId);
    const older = place < 0 ? [] : known.slice(place + 1);
    this.#mentions.value = [...mentions, ...older];
    if (older.length === 0) this.#nextCursor.value = nextCursor;
  }
}
