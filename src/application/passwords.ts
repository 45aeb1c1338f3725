/** Hashes passwords with bcrypt, off the event loop and a few at a time. */
import bcrypt from "bcrypt";
import pLimit, { type LimitFunction } from "p-limit";
import { unavailable } from "../domain/errors.ts";

/** Hashes that may wait their turn; one more is refused, because its client would give up first. */
const MAX_WAITING = 128;
/** bcrypt reads no more of a password than this. */
const MAX_BYTES = 72;

/**
 * Checks and makes password hashes. bcrypt keeps a core busy for as long as it runs, so one core is
 * left for the event loop, and what exceeds the rest waits in line.
 *
 * Both methods reject with `unavailable` when the line is full.
 */
export class Passwords {
  readonly #cost: number;
  readonly #decoy: Promise<string>;
  readonly #turn: LimitFunction;

  /**
   * @param cost the binary logarithm of the rounds, 4 to 15
   * @param workers among how many the cores of this machine are shared
   */
  constructor(cost: number, workers: number) {
    this.#cost = cost;
    const cores = Math.floor((navigator.hardwareConcurrency - 1) / workers);
    this.#turn = pLimit(Math.max(1, cores));
    this.#decoy = this.hash(crypto.randomUUID());
  }

  /** Hashes a password of at most 72 bytes without NUL. */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => bcrypt.hash(password, this.#cost));
  }

  /**
   * Whether `password` is the one of `hash`. Takes as long without a hash as with one, so that the
   * time of an answer does not tell whether an account exists.
   */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const against = hash ?? await this.#decoy;
    const matches = await this.#inTurn(() => bcrypt.compare(password, against));
    return matches && hash !== undefined && isWhole(password);
  }

  /** How many hashes wait or run now. */
  get waiting(): number {
    return this.#turn.pendingCount + this.#turn.activeCount;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#turn.pendingCount >= MAX_WAITING) {
      return Promise.reject(unavailable("Too many people sign in at once; try again in a moment."));
    }
    return this.#turn(work);
  }
}

/** Whether bcrypt saw all of it: it stops at 72 bytes, and some versions at NUL. */
function isWhole(password: string): boolean {
  return !password.includes("\0") && new TextEncoder().encode(password).length <= MAX_BYTES;
}
