/** The channels this instance subscribes to, across reconnections. */
import { getLogger } from "@logtape/logtape";
import type { Channels } from "./channels.ts";

const logger = getLogger(["echoroom", "redis"]);

/**
 * Takes one step at a time for each channel: a subscription that is asked for while its end is under
 * way would end with it.
 */
export class Subscriptions {
  readonly #onText: (text: string) => void;
  readonly #wanted = new Set<string>();
  readonly #subscribed = new Set<string>();
  /** The last step of each channel that has one to take. */
  readonly #steps = new Map<string, Promise<void>>();
  #channels: Channels | null = null;

  constructor(onText: (text: string) => void) {
    this.#onText = onText;
  }

  /** Resolves once the channel is subscribed, or cannot be now: see `isSubscribed`. */
  subscribe(channel: string): Promise<void> {
    this.#wanted.add(channel);
    return this.#align(channel);
  }

  unsubscribe(channel: string): void {
    this.#wanted.delete(channel);
    void this.#align(channel);
  }

  isSubscribed(channel: string): boolean {
    return this.#subscribed.has(channel);
  }

  /** Forgets what is subscribed: its connection is gone for good. */
  forget(): void {
    this.#subscribed.clear();
  }

  /** Subscribes to what could not be until now. What was before, the client takes up by itself. */
  async resubscribe(channels: Channels): Promise<void> {
    this.#channels = channels;
    await Promise.all([...this.#wanted].map((channel) => this.#align(channel)));
  }

  #align(channel: string): Promise<void> {
    const before = this.#steps.get(channel) ?? Promise.resolve();
    const step = before.then(() => this.#step(channel)).then(() => {
      if (this.#steps.get(channel) === step) this.#steps.delete(channel);
    });
    this.#steps.set(channel, step);
    return step;
  }

  async #step(channel: string): Promise<void> {
    const wanted = this.#wanted.has(channel);
    if (!this.#channels || wanted === this.#subscribed.has(channel)) return;
    try {
      if (wanted) {
        await this.#channels.subscribe(channel, this.#onText);
        this.#subscribed.add(channel);
      } else {
        this.#subscribed.delete(channel);
        await this.#channels.unsubscribe(channel);
      }
    } catch (error) {
      logger.debug("{channel} cannot be subscribed or left now: {error}", { channel, error });
    }
  }
}
