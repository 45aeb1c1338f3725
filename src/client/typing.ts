/** Typing in a room: the user's own, as it is sent, and that of others, as it is shown. */
import { TYPING_MS } from "../protocol/wire/limits.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import { Observed } from "./observable.ts";

/** How often it is sent, before the server ends it. */
const REPEAT_MS = TYPING_MS / 2;
/** How long after the last key it ends. */
const END_MS = TYPING_MS - 1_000;
/** When the typing of others ends if the server does not end it. */
const FORGET_MS = TYPING_MS + 2_000;

/** Whether the user types, sent no more often than needed. */
export class OwnTyping {
  readonly #send: (event: "typing:start" | "typing:stop") => void;
  /** When it was last sent, in milliseconds as of `Date.now()`; 0 while the user does not type. */
  #sentAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (event: "typing:start" | "typing:stop") => void) {
    this.#send = send;
  }

  /** The user has pressed a key. */
  keystroke(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop(), END_MS);
    if (Date.now() - this.#sentAt < REPEAT_MS) return;
    this.#sentAt = Date.now();
    this.#send("typing:start");
  }

  /** The user types no longer. */
  stop(): void {
    if (this.#sentAt === 0) return;
    this.end();
    this.#send("typing:stop");
  }

  /** Ends it without sending that: the server does so by itself. */
  end(): void {
    clearTimeout(this.#timer);
    this.#sentAt = 0;
  }
}

/** The others who type. */
export class OthersTyping {
  readonly observed: Observed<readonly PublicUser[]> = new Observed(() => {
    return [...this.#typing.values()].map(({ user }) => user);
  });

  readonly #typing = new Map<string, { user: PublicUser; timer: ReturnType<typeof setTimeout> }>();

  /** Takes whether a user types. */
  update(user: PublicUser, isTyping: boolean): void {
    const known = this.#typing.get(user.id);
    if (!known && !isTyping) return;
    clearTimeout(known?.timer);
    this.#typing.delete(user.id);
    if (isTyping) {
      const timer = setTimeout(() => this.update(user, false), FORGET_MS);
      this.#typing.set(user.id, { user, timer });
    }
    this.observed.changed();
  }

  clear(): void {
    for (const { timer } of this.#typing.values()) clearTimeout(timer);
    this.#typing.clear();
    this.observed.changed();
  }
}
