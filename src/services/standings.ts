/** What decides what users may do in rooms, as this instance knows it: moved by the rooms' entries. */
import { LRUCache } from "lru-cache";
import { Batcher } from "../async/batcher.ts";
import type { Entry } from "../domain/entry.ts";
import { roomNotFound } from "../domain/errors.ts";
import { type LastSend, type Standing, STRANGER } from "../domain/membership.ts";
import type { Message } from "../domain/message.ts";
import { capabilitiesOf } from "../domain/permissions.ts";
import type { RoomRules } from "../domain/room.ts";
import {
  changesRoom,
  type MemberChange,
  memberChanges,
  rulesAfter,
  standingAfter,
} from "../domain/room_changes.ts";
import type { Store } from "../ports/store/store.ts";

/** Rooms, and users in rooms, of which something is known. */
const MAX_ROOMS = 10_000;
const MAX_STANDINGS = 100_000;
/** How old what is known may be where nothing else is asked for: not every room's entries arrive here. */
const RECENT_MS = 10_000;
/** Users asked for at once. */
const MAX_BATCH = 500;

/** What decides what one user may do in a room. */
export interface Place {
  rules: RoomRules;
  standing: Standing;
}

/** Something that was read from the store, and is moved by entries in one generation of its room. */
interface Known<T> {
  value: T;
  /** The store had the log up to here, at least, when it was read. */
  seq: number;
  /** Of the room while nothing was missed; null if it changed while this was read. */
  generation: number | null;
  /** When it was read. */
  at: number;
}

interface RoomView {
  /** Unique; a new one begins where entries were missed. */
  generation: number;
  /** The last entry that has moved what is known in this generation. */
  seq: number;
  /** Counts entries that changed the room. */
  changes: number;
  rules: Known<RoomRules> | null;
  /** By the ids of users; the same in all generations, unless all were forgotten. */
  standings: Map<string, Known<Standing>>;
  /** What has become of standings while they are being read. */
  meanwhile: Meanwhile | null;
}

/** By the ids of users. */
interface Meanwhile {
  /** The last messages. */
  sends: Map<string, LastSend>;
  /** Whose standings have changed without an entry. */
  forgotten: Set<string>;
}

export interface StandingsOptions {
  table?: typeof capabilitiesOf | undefined;
  /** The room has changed, or may have in entries that were missed: its members or settings. */
  onChange?: (roomId: string) => void;
}

interface Question {
  userId: string;
  /** The answer must be no older than this entry. */
  seq: number;
  resolve(place: Place): void;
  reject(error: unknown): void;
}

/**
 * Caches rules and standings. All that is known of a room is moved by the room's entries, in their
 * order; where some are missed, what was known before is as old as that. So it can be asked for what
 * holds at an entry, and a look-up in the store is needed once for each user and room.
 *
 * Joining a public room and leaving it takes no entry: a cached stranger may have become a member on
 * another instance.
 */
export class Standings {
  /** What decides, by rules and standing. */
  readonly table: typeof capabilitiesOf;
  readonly #store: Pick<Store, "members" | "epoch">;
  /**
   * With the standings in them: a cache of (user, room) would cost each send four look-ups more, each
   * by a new string.
   */
  readonly #rooms = new LRUCache<string, RoomView>({
    max: MAX_ROOMS,
    maxSize: MAX_ROOMS + MAX_STANDINGS,
    sizeCalculation: ({ standings }) => 1 + standings.size,
  });
  readonly #reads = new Map<string, Batcher<Question>>();
  #generations = 0;
  #epoch: number;
  readonly #onChange: NonNullable<StandingsOptions["onChange"]>;

  constructor(store: Pick<Store, "members" | "epoch">, options: StandingsOptions = {}) {
    this.table = options.table ?? capabilitiesOf;
    this.#onChange = options.onChange ?? (() => {});
    this.#store = store;
    this.#epoch = store.epoch;
  }

  /** What decides for a user, no older than entry `seq`; undefined if that is not known. */
  known(roomId: string, userId: string, seq = 0): Place | undefined {
    if (this.#store.epoch !== this.#epoch) this.#startAnew();
    const room = this.#rooms.get(roomId);
    const standing = room?.standings.get(userId);
    if (!room?.rules || !standing) return undefined;
    if (seqOf(room, room.rules) < seq || seqOf(room, standing) < seq) return undefined;
    return { rules: room.rules.value, standing: standing.value };
  }

  /** What decides for a user, as it was at most 10 s ago; undefined if that is not known. */
  recent(roomId: string, userId: string): Place | undefined {
    const place = this.known(roomId, userId);
    const since = performance.now() - RECENT_MS;
    const room = this.#rooms.peek(roomId);
    const read = room?.standings.get(userId)?.at ?? -Infinity;
    return Math.min(read, room?.rules?.at ?? -Infinity) > since ? place : undefined;
  }

  /**
   * What decides for a user, read from the store after this call.
   * @param seq an entry that the log has
   * @throws ChatError `room_not_found`, `unavailable`
   */
  read(roomId: string, userId: string, seq = 0): Promise<Place> {
    const reads = this.#reads.get(roomId) ?? this.#open(roomId);
    return new Promise((resolve, reject) => reads.add({ userId, seq, resolve, reject }));
  }

  /** Takes entries of a room's log that follow each other. */
  move(roomId: string, entries: readonly Entry[]): void {
    const [first, last] = [entries[0], entries.at(-1)];
    if (!first || !last) return;
    const room = this.#at(roomId, first.seq - 1);
    for (const entry of entries) {
      if (entry.seq <= room.seq) continue;
      if (entry.kind === "created") this.#apply(room, entry);
      room.seq = entry.seq;
    }
  }

  /** A user's standing, and with it the number of members, has changed without an entry. */
  forget(roomId: string, userId: string): void {
    const room = this.#rooms.peek(roomId);
    room?.standings.delete(userId);
    room?.meanwhile?.forgotten.add(userId);
    this.#onChange(roomId);
  }

  /** Standings may have changed without an entry, and the event of it was lost. */
  forgetStandings(): void {
    // Not the same without its content: what is being read now is not to be added.
    for (const room of this.#rooms.values()) room.standings = new Map();
  }

  /** A room whose log has reached entry `seq`: what entries were missed up to there. */
  #at(roomId: string, seq: number): RoomView {
    if (this.#store.epoch !== this.#epoch) this.#startAnew();
    const known = this.#rooms.get(roomId);
    if (known && known.seq >= seq) return known;
    const { rules, standings } = known ?? { rules: null, standings: new Map() };
    const generation = this.#generations++;
    const room = { generation, seq, changes: 0, rules, standings, meanwhile: null };
    this.#rooms.set(roomId, room);
    this.#onChange(roomId);
    return room;
  }

  #apply(room: RoomView, { roomId, seq, message }: Entry): void {
    if (!changesRoom(message)) {
      if (!message.system) this.#applySend(room, roomId, seq, message);
      return;
    }
    room.changes++;
    this.#onChange(roomId);
    if (room.rules?.generation === room.generation) {
      room.rules.value = rulesAfter(room.rules.value, message, seq);
    }
    for (const change of memberChanges(message)) this.#change(room, change);
  }

  /** Slow mode counts it, and who has sent to a public room is a member. */
  #applySend(
    room: RoomView,
    roomId: string,
    seq: number,
    { sender, createdAt: at }: Message,
  ): void {
    const lastSend = { seq, at };
    // While standings are being read the room's rules may not be known.
    room.meanwhile?.sends.set(sender.id, lastSend);
    const { type, slowMode = null } = room.rules?.value ?? {};
    const joins = type === "public" &&
      room.standings.get(sender.id)?.value.role === null;
    if (!joins && !slowMode) return;
    this.#change(room, { userId: sender.id, joins, ...(slowMode && { lastSend }) });
    if (joins) this.#onChange(roomId);
  }

  #change(room: RoomView, { userId, ...change }: MemberChange): void {
    const known = room.standings.get(userId);
    if (known?.generation !== room.generation) return;
    known.value = standingAfter(known.value, change);
  }

  #open(roomId: string): Batcher<Question> {
    const reads = new Batcher<Question>(
      (waiting) => this.#readNext(roomId, waiting.splice(0, MAX_BATCH)),
      () => this.#reads.delete(roomId),
    );
    this.#reads.set(roomId, reads);
    return reads;
  }

  async #readNext(roomId: string, questions: readonly Question[]): Promise<void> {
    const room = this.#at(roomId, Math.max(...questions.map(({ seq }) => seq)));
    const { seq, changes, standings: known } = room;
    const at = performance.now();
    const epoch = this.#epoch;
    const userIds = new Set(questions.map(({ userId }) => userId));
    const { sends, forgotten } = room.meanwhile = {
      sends: new Map<string, LastSend>(),
      forgotten: new Set<string>(),
    };
    try {
      const found = await this.#store.members.standings(roomId, [...userIds]);
      if (!found) throw roomNotFound();
      const { rules, standings } = found;
      const standingOf = (userId: string) => {
        const standing = standings.get(userId) ?? STRANGER;
        const lastSend = sends.get(userId);
        const joins = rules.type === "public";
        return lastSend ? standingAfter(standing, { lastSend, joins }) : standing;
      };
      if (epoch === this.#store.epoch && epoch === this.#epoch) {
        const generation = room.changes === changes ? room.generation : null;
        room.rules = { value: rules, seq, generation, at };
        for (const userId of userIds.difference(forgotten)) {
          known.set(userId, { value: standingOf(userId), seq, generation, at });
        }
        this.#resize(roomId, known);
      }
      for (const { userId, resolve } of questions) resolve({ rules, standing: standingOf(userId) });
    } catch (error) {
      for (const { reject } of questions) reject(error);
    } finally {
      room.meanwhile = null;
    }
  }

  /** Counts what is known of a room now, unless it was forgotten meanwhile. */
  #resize(roomId: string, standings: RoomView["standings"]): void {
    const present = this.#rooms.peek(roomId);
    if (present?.standings !== standings) return;
    // A value that is there already would not be counted again.
    this.#rooms.delete(roomId);
    this.#rooms.set(roomId, present);
  }

  /** The database may be another one, as after a fail-over or a restored backup. */
  #startAnew(): void {
    this.#epoch = this.#store.epoch;
    this.#rooms.clear();
  }
}

/** The entry that something known of a room is no older than. */
function seqOf(room: RoomView, { seq, generation }: Known<unknown>): number {
  return generation === room.generation ? Math.max(room.seq, seq) : seq;
}
