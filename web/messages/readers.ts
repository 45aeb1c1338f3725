/** Who has read the user's own messages, in rooms that show it: direct ones, and small private ones. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ChatMessage, Room } from "../../src/client/mod.ts";
import { READ_UPDATE_MEMBERS } from "../../src/protocol/wire/limits.ts";
import { signalOf } from "../observed.ts";
import type { Positions } from "./read_positions.ts";

export interface ReadersOptions {
  room: Room;
  messages: ReadonlySignal<readonly ChatMessage[]>;
  /** Kept while the room is not open; without it they begin with the room. */
  positions?: Signal<Positions> | undefined;
  userId(): string | undefined;
}

/** What an own message has of those who have read it. */
interface Seen {
  key: string;
  userIds: readonly string[];
}

const NOTHING_SEEN: Seen = { key: "", userIds: [] };

export class Readers {
  /** How many others there may be; null where nobody is shown. */
  readonly audience: ReadonlySignal<"one" | "many" | null>;
  /** The key of the newest own message that somebody else has read; `""` for none. */
  readonly messageKey: ReadonlySignal<string>;
  /** The ids of those who have read it. */
  readonly userIds: ReadonlySignal<readonly string[]>;

  readonly #positions: Signal<Positions>;
  readonly #ends: (() => void)[];

  constructor({ room, messages, positions, userId }: ReadersOptions) {
    this.#positions = positions ?? signal<Positions>(new Map());
    this.audience = computed(() => {
      const { type, memberCount = 0 } = signalOf(room.info).value ?? {};
      if (type === "direct") return "one";
      return type === "private" && memberCount <= READ_UPDATE_MEMBERS ? "many" : null;
    });
    const seen = computed(() => {
      if (this.audience.value === null) return NOTHING_SEEN;
      return newestSeen(messages.value, this.#positions.value, userId()) ?? NOTHING_SEEN;
    });
    this.messageKey = computed(() => seen.value.key);
    this.userIds = computed(() => seen.value.userIds);
    this.#ends = [
      room.on("read", ({ userId, seq }) => this.#note(userId, seq)),
      room.on("reset", () => void (this.#positions.value = new Map())),
    ];
  }

  close(): void {
    for (const end of this.#ends) end();
  }

  #note(userId: string, seq: number): void {
    const positions = new Map(this.#positions.peek());
    // Who leaves stays in it: beyond as many as are shown, whoever has not read for longest goes.
    positions.delete(userId);
    positions.set(userId, seq);
    if (positions.size > READ_UPDATE_MEMBERS) positions.delete([...positions.keys()][0]!);
    this.#positions.value = positions;
  }
}

/**
 * The newest message of a user that others have read, and who has.
 * @param messages oldest first
 * @returns undefined if nobody has read one of these
 */
export function newestSeen(
  messages: readonly ChatMessage[],
  positions: Positions,
  ownId: string | undefined,
): Seen | undefined {
  const furthest = Math.max(0, ...positions.values());
  const message = messages.findLast(({ seq, sender, system, deletedAt }) => {
    return seq !== null && seq <= furthest && sender.id === ownId && !system && deletedAt === null;
  });
  if (!message) return undefined;
  const readers = [...positions].filter(([, seq]) => seq >= message.seq!);
  return { key: message.key, userIds: readers.map(([id]) => id) };
}
