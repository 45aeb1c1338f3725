/** The order of one socket's commands: as sent within a room, concurrent in different rooms. */
import { within } from "../async/deadline.ts";
import { MAX_ROOMS_PER_SOCKET } from "../protocol/wire/limits.ts";

/** Commands of one socket that may be in progress. */
const MAX_UNDER_WAY = MAX_ROOMS_PER_SOCKET;
/** How long a command whose room is being looked up delays the next one. */
const LOOKUP_MS = 25;

/** A command's turn in its room. */
export interface Turn {
  /** Resolves when the socket's next command may begin. */
  next: Promise<void>;
  /** Resolves when the command is done; rejects as its look-up or its work does. */
  done: Promise<void>;
}

type Work = (roomId: string) => Promise<void>;

export class RoomTurns {
  /** Resolves once every command so far has its place in the order of its room. */
  #placed: Promise<void> = Promise.resolve();
  #unplaced = 0;
  /** The end of the last command in each room that has one in progress. */
  readonly #last = new Map<string, Promise<void>>();
  #underWay = 0;
  #finished: PromiseWithResolvers<void> | null = null;

  /**
   * Does `work` in a room once the socket's earlier commands there are done.
   * @param room the room's id, or the look-up of it
   */
  take(room: string | Promise<string>, work: Work): Turn {
    this.#underWay++;
    // Nothing before it waits for its place: this one has its own at once.
    if (typeof room === "string" && this.#unplaced === 0) {
      const done = this.#inOrder(room, work);
      return { next: this.#next(), done };
    }
    const place = Promise.withResolvers<void>();
    this.#unplaced++;
    const done = this.#find(this.#placed, room, work, place.resolve);
    this.#placed = place.promise;
    return { next: this.#next(within(place.promise, LOOKUP_MS, () => {})), done };
  }

  async #find(
    earlier: Promise<void>,
    room: string | Promise<string>,
    work: Work,
    place: () => void,
  ): Promise<void> {
    const [found] = await Promise.allSettled([room, earlier]);
    this.#unplaced--;
    place();
    if (found.status === "fulfilled") return await this.#inOrder(found.value, work);
    this.#finish();
    throw found.reason;
  }

  async #inOrder(roomId: string, work: Work): Promise<void> {
    const before = this.#last.get(roomId);
    const turn = before ? before.then(() => work(roomId)) : work(roomId);
    const end = turn.catch(() => {});
    this.#last.set(roomId, end);
    try {
      await turn;
    } finally {
      if (this.#last.get(roomId) === end) this.#last.delete(roomId);
      this.#finish();
    }
  }

  async #next(placed?: Promise<void>): Promise<void> {
    if (placed) await placed;
    while (this.#underWay >= MAX_UNDER_WAY) {
      this.#finished ??= Promise.withResolvers();
      await this.#finished.promise;
    }
  }

  #finish(): void {
    this.#underWay--;
    this.#finished?.resolve();
    this.#finished = null;
  }
}
