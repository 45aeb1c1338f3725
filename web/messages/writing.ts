/** Whether the user can write in a room now, and if not, why and until when. */
import { computed, effect, type ReadonlySignal, signal, untracked } from "@preact/signals";
import type { Ack, Api, EchoRoomError, PublicUser, Room } from "../../src/client/mod.ts";
import { listMembers, readRoom } from "../../src/client/rest/mod.ts";
import { MAX_PAGE_SIZE } from "../../src/protocol/wire/limits.ts";
import { now } from "../clock.ts";
import { signalOf } from "../observed.ts";
import { describeEnd } from "../people/periods.ts";

/** How often it is asked whether a mute is over. */
const READ_MUTE_MS = 60_000;

export interface WritingOptions {
  room: Room;
  api: Api;
  may(capability: string): boolean;
  user(): PublicUser | null;
}

export class Writing {
  /** Why the user cannot write, in words; `""` if they can, as far as is known. */
  readonly obstacle: ReadonlySignal<string>;
  readonly #options: WritingOptions;
  /** When the user's mute ends; ISO 8601, UTC; null while that is not known. */
  readonly #mutedUntil = signal<string | null>(null);
  /** Whether the server would let the user write, though it has not said so of itself. */
  readonly #isMuteOver = signal(false);
  /** When slow mode lets the user send again, in ms as of `Date.now()`. */
  readonly #slowUntil = signal(0);
  readonly #end: () => void;

  constructor(options: WritingOptions) {
    this.#options = options;
    this.obstacle = computed(() => this.#describe());
    const isMuted = computed(() => this.#isMuted());
    this.#end = effect(() => {
      this.#mutedUntil.value = null;
      this.#isMuteOver.value = false;
      if (!isMuted.value) return;
      const read = () => untracked(() => void this.#readMute());
      read();
      // Neither its end nor another one's beginning changes what the server has said the user may do.
      const timer = setInterval(read, READ_MUTE_MS);
      return () => clearInterval(timer);
    });
  }

  /** What slow mode asks of the user; `""` if nothing. */
  get slowMode(): string {
    const seconds = this.#slowSeconds;
    if (seconds === 0) return "";
    const { wait } = this;
    if (wait > 0) return `Slow mode: you can send again in ${wait} s.`;
    return `Slow mode: one message every ${describeSeconds(seconds)}.`;
  }

  /** How long slow mode lets the user wait, in seconds. */
  get wait(): number {
    const until = this.#slowUntil.value;
    if (this.#slowSeconds === 0 || until === 0) return 0;
    return Math.max(0, Math.ceil((until - Math.max(now.value, Date.now())) / 1_000));
  }

  /** Notes when the user can send again after a message. */
  async follow(sending: Promise<Ack>): Promise<void> {
    try {
      await sending;
      this.#slowUntil.value = Date.now() + this.#slowSeconds * 1_000;
    } catch (error) {
      const { code, retryAfter = 0 } = error as EchoRoomError;
      if (code === "slow_mode") this.#slowUntil.value = Date.now() + retryAfter * 1_000;
    }
  }

  close(): void {
    this.#end();
  }

  get #slowSeconds(): number {
    const { room, may } = this.#options;
    // Those who may set slow mode do not wait.
    return may("room.slow_mode") ? 0 : signalOf(room.info).value?.slowModeSeconds ?? 0;
  }

  #describe(): string {
    const { room, may } = this.#options;
    const info = signalOf(room.info).value;
    if (info === null || may("message.send")) return "";
    if (info.archivedAt !== null) return "This room is archived: nobody writes in it.";
    if (info.postPolicy === "moderators") return "Only moderators write in this room.";
    if (info.type === "direct") return "One of you has blocked the other: you cannot write here.";
    const until = this.#mutedUntil.value;
    // The end of a mute makes no entry.
    const isOver = this.#isMuteOver.value || until !== null && Date.parse(until) <= now.value;
    if (isOver) return "";
    return `You are muted in this room${describeEnd(until)}.`;
  }

  /** Whether only a mute can be the reason. */
  #isMuted(): boolean {
    const { room, may } = this.#options;
    const info = signalOf(room.info).value;
    if (info === null || may("message.send") || info.archivedAt !== null) return false;
    return info.postPolicy === "members" && info.type !== "direct";
  }

  async #readMute(): Promise<void> {
    const { room, api, user } = this.#options;
    const self = user();
    if (!self) return;
    const answer = await readRoom(api, room.id).catch(() => null);
    this.#isMuteOver.value = answer?.capabilities.includes("message.send") ?? false;
    if (this.#isMuteOver.value) return;
    const query = { q: self.displayName, limit: MAX_PAGE_SIZE };
    const page = await listMembers(api, room.id, query).catch(() => null);
    const own = page?.members.find((member) => member.user.id === self.id);
    if (own && this.#isMuted()) this.#mutedUntil.value = own.mutedUntil;
  }
}

/** A time such as "30 s" or "15 min". */
export function describeSeconds(seconds: number): string {
  if (seconds % 3_600 === 0) return `${seconds / 3_600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
