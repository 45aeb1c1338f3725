/** Hashes passwords with bcrypt, off the event loop and a few at a time. */
import bcrypt from "bcrypt";
import pLimit, { type LimitFunction } from "p-limit";
import { unavailable } from "../domain/errors.ts";

/** Hashes that may wait; one more is refused, because its client would time out first. */
const MAX_WAITING = 128;
/** bcrypt reads no more of a password than this. */
const MAX_BYTES = 72;

/**
 * Checks and makes password hashes. bcrypt keeps a core busy for as long as it runs, so one core is
 * left for the event loop, and what exceeds the rest is queued.
 *
 * Both methods reject with `unavailable` when the queue is full.
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

  /** Hashes a password of at most 72 bytes in NFC, without NUL. */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => bcrypt.hash(password.normalize("NFC"), this.#cost));
  }

  /**
   * Whether `password` is the one of `hash`, in whatever Unicode form either was typed. Takes as
   * long without a hash as with one, so that the time of an answer does not reveal whether an account
   * exists.
   */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const against = hash ?? await this.#decoy;
    for (const form of formsOf(password)) {
      const matches = await this.#inTurn(() => bcrypt.compare(form, against));
      if (matches && hash !== undefined && isWhole(form)) return true;
    }
    return false;
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

/**
 * The password in NFC, as it is hashed, and then as hashes from before that rule may have it: in NFD,
 * as some keyboards type it, and as it was sent. Most passwords are the same in all three.
 */
function formsOf(password: string): Set<string> {
  return new Set([password.normalize("NFC"), password.normalize("NFD"), password]);
}

/** Whether bcrypt saw all of it, unchanged: it stops at 72 bytes, and some versions at NUL. */
function isWhole(password: string): boolean {
  return password.isWellFormed() && !password.includes("\0") &&
    new TextEncoder().encode(password).length <= MAX_BYTES;
}
