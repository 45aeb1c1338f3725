/** A room's subscription: joined again after every loss, and recovered until nothing is missing. */
import type { ServerEvents } from "../protocol/wire/events.ts";
import type { Connection } from "./connection.ts";
import type { EchoRoomError } from "./errors.ts";
import { Observed } from "./observable.ts";
import type { Recovery, RoomState } from "./room.ts";
import type { Place } from "./room_host.ts";
import type { Timeline } from "./timeline.ts";
import { backoffMs, type Timing } from "./timing.ts";

/** What a subscription needs of the room around it. */
export interface SubscriptionHost {
  readonly connection: Connection;
  readonly timing: Timing;
  readonly timeline: Timeline;
  /** The room's id; before the first join its name. */
  roomId(): string;
  /** Whether the user counts as being there, and is shown who else is. */
  isPresent(): boolean;
  /** The room has become live, or is no longer. */
  live(isLive: boolean): void;
  /** Takes what a join shows beside the messages. */
  joined(answer: ServerEvents["room:joined"]): void;
  /** Takes the room as a recovery shows it. */
  updated(place: Place): void;
  /** The server does not let the user in. */
  refused(): void;
}

const RETRY_MS = 2_000;
/** Refusals that would be repeated until something has changed. */
const LASTING: ReadonlySet<string> = new Set([
  "room_not_found",
  "limit_reached",
  "validation_failed",
  "forbidden",
]);

export class Subscription {
  readonly state: Observed<RoomState> = new Observed<RoomState>(() => ({ status: "waiting" }));
  readonly recovery: Observed<Recovery | null> = new Observed<Recovery | null>(() => null);

  readonly #host: SubscriptionHost;
  readonly #timeline: Timeline;
  /** Counts the attempts to join: answers to an older one are ignored. */
  #attempt = 0;
  #recovering = false;
  /** What the server was last told. */
  #isPresent = true;
  /** Refusals since the room was last entered. */
  #refusals = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: SubscriptionHost) {
    this.#host = host;
    this.#timeline = host.timeline;
  }

  get status(): RoomState["status"] {
    return this.state.get().status;
  }

  /** Joins the room, and recovers what was missed: the connection is online. */
  async enter(): Promise<void> {
    const attempt = ++this.#attempt;
    const isCurrent = () => attempt === this.#attempt;
    this.#recovering = false;
    clearTimeout(this.#retryTimer);
    // A failed room stays so until it is joined, so that its state does not flicker.
    if (this.status !== "failed") this.#become({ status: "joining" });
    try {
      await this.#join();
      // A join may not show all that was missed.
      if (isCurrent() && this.status !== "live") await this.#recover(attempt);
      if (isCurrent()) this.#become({ status: "live" });
    } catch (error) {
      if (isCurrent()) this.#refused(error as EchoRoomError);
    }
  }

  /** Tries again at once if the room was refused. */
  retry(): void {
    if (this.status !== "failed") return;
    this.#refusals = 0;
    void this.enter();
  }

  /** The connection was lost. */
  suspend(): void {
    this.#attempt++;
    this.#recovering = false;
    clearTimeout(this.#retryTimer);
    if (this.status !== "left") this.#become({ status: "waiting" });
  }

  /** The last holder has left the room. */
  close(): void {
    this.suspend();
    this.#become({ status: "left" });
  }

  /** Recovers what may be missing; the answer also shows that the connection works. */
  async check(): Promise<void> {
    if (this.status !== "live") return;
    const attempt = this.#attempt;
    await this.#recover(attempt).catch((error) => {
      if (attempt === this.#attempt) this.#refused(error);
    });
  }

  /** Tells the server if the user is present now and was not before, or the other way round. */
  updatePresence(): void {
    if (this.status === "live" && this.#host.isPresent() !== this.#isPresent) this.reload();
  }

  /** Joins once more, for what a join shows. */
  reload(): void {
    this.#join().catch(() => {});
  }

  async #join(): Promise<void> {
    const attempt = this.#attempt;
    await this.#host.connection.request("room:join", this.#request(), (answer) => {
      if (attempt !== this.#attempt) return;
      this.#joined(answer);
      // Only now is it known which other handles are of this room.
      this.updatePresence();
    });
  }

  #joined(answer: ServerEvents["room:joined"]): void {
    const isNew = this.#timeline.cursor.seq === 0;
    const added = this.#timeline.join(answer);
    this.#host.joined(answer);
    if (added === null) return void this.check();
    if (!isNew && this.status !== "live") this.recovery.set({ messages: added, reset: false });
    this.#become({ status: "live" });
  }

  /** Reads after the cursor until nothing is missing. */
  async #recover(attempt: number): Promise<void> {
    if (this.#recovering) return;
    this.#recovering = true;
    const timeline = this.#timeline;
    let [added, reset, again] = [0, false, true];
    while (again && attempt === this.#attempt) {
      const { seq: lastSeenSeq, id } = timeline.cursor;
      const request = { ...this.#request(), lastSeenSeq, lastSeenEntryId: id ?? undefined };
      await this.#host.connection.request("connection:recover", request, (page) => {
        if (attempt !== this.#attempt) return;
        this.#host.updated(page);
        added += timeline.recover(page);
        reset ||= page.reset;
        // What is still missing after the last page was never in the log.
        if (!page.hasMore && timeline.cursor.seq === lastSeenSeq) timeline.caughtUp();
        again = page.hasMore || timeline.isBehind;
      });
    }
    if (attempt !== this.#attempt) return;
    this.#recovering = false;
    if (added > 0 || reset || this.status !== "live") this.recovery.set({ messages: added, reset });
  }

  /** What a join and a recovery say: the room, and whether the user is there, true if not given. */
  #request(): { roomId: string; present: false | undefined } {
    this.#isPresent = this.#host.isPresent();
    return { roomId: this.#host.roomId(), present: this.#isPresent ? undefined : false };
  }

  #refused(error: EchoRoomError): void {
    // After a loss the client calls `enter` again.
    if (error.code === "disconnected") return;
    const isLasting = LASTING.has(error.code);
    if (isLasting) {
      this.#become({ status: "failed", error });
      this.#host.refused();
    }
    // The name itself is invalid.
    if (error.code === "validation_failed") return;
    const delay = isLasting ? backoffMs(this.#host.timing, this.#refusals++) : RETRY_MS;
    this.#retryTimer = setTimeout(() => this.enter(), (error.retryAfter ?? 0) * 1000 || delay);
  }

  #become(state: RoomState): void {
    if (state.status === this.status && state.status !== "failed") return;
    if (state.status === "live") this.#refusals = 0;
    const wasLive = this.status === "live";
    this.state.set(state);
    if (wasLive !== (state.status === "live")) this.#host.live(!wasLive);
  }
}
