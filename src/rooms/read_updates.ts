/** Shows how far the others in a direct or small private room have read it. */
import { getLogger } from "@logtape/logtape";
import { ChatError } from "../domain/errors.ts";
import type { Bus, BusEvent } from "../ports/bus.ts";
import { frame } from "../protocol/frames.ts";
import { READ_UPDATE_MEMBERS } from "../protocol/wire/limits.ts";
import type { MemberStore } from "../ports/store/members.ts";
import type { Access } from "../services/access.ts";
import type { Hub } from "./hub.ts";

const logger = getLogger(["echoroom", "rooms"]);

/** How often at most a user's position in a room is shown. */
const INTERVAL_MS = 2_000;

/** Somebody whose position was shown a moment ago, or is about to be. */
interface Reader {
  /** The last position known. */
  seq: number;
  /** The one that is shown; null before the first is. */
  shown: number | null;
  /** Whether other positions came since the store was asked. */
  isOutdated: boolean;
  timer?: ReturnType<typeof setTimeout>;
}

/** By the ids of users. */
type Readers = Map<string, Reader>;

/**
 * Sends `read:update`, a hint that nothing repeats. A position is shown at once; those that follow
 * within the interval are shown at its end, as the store has the last of them: the events of two
 * instances may come in another order. Whether a room's members may see it
 * is decided when it is shown.
 */
export class ReadUpdates {
  readonly #bus: Bus;
  readonly #access: Pick<Access, "admit">;
  readonly #hub: Pick<Hub, "head" | "broadcast">;
  readonly #members: Pick<MemberStore, "find">;
  readonly #intervalMs: number;
  /** Of rooms that are served here; each reader for an interval. */
  readonly #rooms = new Map<string, Readers>();

  constructor(
    bus: Bus,
    access: Pick<Access, "admit">,
    hub: Pick<Hub, "head" | "broadcast">,
    members: Pick<MemberStore, "find">,
    intervalMs = INTERVAL_MS,
  ) {
    this.#bus = bus;
    this.#access = access;
    this.#hub = hub;
    this.#members = members;
    this.#intervalMs = intervalMs;
  }

  /**
   * A member has read on, or back: those in the room see it, on every instance. Never rejects; what
   * cannot be decided is not shown.
   * @param seq how far they have read now
   */
  async publish(roomId: string, userId: string, seq: number): Promise<void> {
    if (!await this.#isShown(roomId, userId, 0)) return;
    this.#bus.publish({ kind: "read_moved", roomId, userId, seq });
  }

  receive(event: BusEvent): void {
    if (event.kind !== "read_moved") return;
    const { roomId, userId, seq } = event;
    if (this.#hub.head(roomId) === undefined) return;
    const readers: Readers = this.#rooms.get(roomId) ?? new Map();
    this.#rooms.set(roomId, readers);
    const known = readers.get(userId);
    if (known) {
      known.isOutdated ||= known.seq !== seq;
      known.seq = seq;
      return;
    }
    const reader = { seq, shown: null, isOutdated: false };
    readers.set(userId, reader);
    void this.#show(roomId, userId, reader);
  }

  /** The room is served here no more. */
  closed(roomId: string): void {
    const readers = this.#rooms.get(roomId);
    if (!readers) return;
    for (const { timer } of readers.values()) clearTimeout(timer);
    this.#rooms.delete(roomId);
  }

  close(): void {
    for (const roomId of this.#rooms.keys()) this.closed(roomId);
  }

  /** Shows a position, and after the interval the one that has taken its place. */
  async #show(roomId: string, userId: string, reader: Reader): Promise<void> {
    const isShown = await this.#isShown(roomId, userId, this.#hub.head(roomId));
    const readers = this.#rooms.get(roomId);
    if (readers?.get(userId) !== reader) return;
    if (!isShown) return this.#forget(roomId, userId);
    const { seq } = reader;
    reader.shown = seq;
    this.#hub.broadcast(roomId, frame("read:update", { roomId, userId, seq }), userId);
    reader.timer = setTimeout(() => this.#showNext(roomId, userId, reader), this.#intervalMs);
  }

  async #showNext(roomId: string, userId: string, reader: Reader): Promise<void> {
    if (!reader.isOutdated) return this.#forget(roomId, userId);
    reader.isOutdated = false;
    const seq = await this.#read(roomId, userId);
    if (this.#rooms.get(roomId)?.get(userId) !== reader) return;
    if (seq === null || seq === reader.shown) return this.#forget(roomId, userId);
    reader.seq = seq;
    await this.#show(roomId, userId, reader);
  }

  #forget(roomId: string, userId: string): void {
    const readers = this.#rooms.get(roomId);
    readers?.delete(userId);
    if (readers?.size === 0) this.#rooms.delete(roomId);
  }

  /** How far a member has read; null if they are none, or the store is away. */
  #read(roomId: string, userId: string): Promise<number | null> {
    return orNull(roomId, async () => {
      const memberships = await this.#members.find(userId, [roomId]);
      return memberships.get(roomId)?.readSeq ?? null;
    });
  }

  /** Whether a user's position is shown in a room, no earlier than at entry `seq`. */
  async #isShown(roomId: string, userId: string, seq = 0): Promise<boolean> {
    const isShown = await orNull(roomId, async () => {
      while (true) {
        const admission = this.#access.admit({ userId, isAdmin: false }, roomId, seq);
        if (admission instanceof Promise) {
          await admission;
          continue;
        }
        const { access: { rules, standing }, room } = admission;
        if (standing.role === null || rules.type === "public") return false;
        return rules.type === "direct" || room.memberCount <= READ_UPDATE_MEMBERS;
      }
    });
    return isShown ?? false;
  }
}

/** What is found out for a position in a room; null if that fails: then it is not shown. */
async function orNull<T>(roomId: string, findOut: () => Promise<T>): Promise<T | null> {
  try {
    return await findOut();
  } catch (error) {
    // They may not read the room any more, or the store is away.
    if (error instanceof ChatError) return null;
    logger.error("A position in room {roomId} is not shown: {error}", { roomId, error });
    return null;
  }
}
