/** Rate limits: the policies, and the counting of uses. */
import { getLogger } from "@logtape/logtape";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { within } from "../async/deadline.ts";
import { ChatError } from "../domain/errors.ts";
import type { Count, SharedLimiter, SharedLimiters } from "../ports/rate_limits.ts";

const logger = getLogger(["echoroom", "limits"]);

/**
 * What is limited: `points` in each window of `seconds`, counted per key; over all instances at once,
 * or over all soon (counted here first, and added to the shared count after 250 ms).
 */
export const POLICIES = {
  /** Per account and address: someone guesses one person's password. */
  loginAccount: { points: 10, seconds: 15 * 60, shared: "at once" },
  /**
   * Per account, over all addresses and of devices that have not signed in to it before: many guess
   * one person's password. More than one address can use up, 40 in an hour, so that no single one
   * keeps the owner's new devices out.
   */
  loginNewDevice: { points: 50, seconds: 60 * 60, shared: "at once" },
  /** Per device that has signed in before, and account: the device is in other hands. */
  loginDevice: { points: 10, seconds: 15 * 60, shared: "at once" },
  /** Per address: someone tries many accounts. */
  loginAddress: { points: 100, seconds: 15 * 60, shared: "at once" },
  /** Per address. */
  register: { points: 30, seconds: 60 * 60, shared: "at once" },
  /** Per user: codes of invitations that are wrong. */
  invitation: { points: 30, seconds: 10 * 60, shared: "at once" },
  /** Per address: every request to the API. */
  api: { points: 1_200, seconds: 60, shared: "soon" },
  /** Per user and room. */
  message: { points: 60, seconds: 10, shared: "soon" },
  /** Per user: searches in messages. */
  search: { points: 120, seconds: 60, shared: "soon" },
  /** Per user: reports of messages. */
  report: { points: 20, seconds: 10 * 60, shared: "soon" },
  /** Per user: pictures that are made avatars. */
  avatar: { points: 20, seconds: 10 * 60, shared: "soon" },
  /** Per address: avatars that are read, which browsers keep; many people may share an address. */
  avatarRead: { points: 3_000, seconds: 60, shared: "soon" },
} as const;

export type Policy = keyof typeof POLICIES;

/** What is left of a policy for a key after a use was counted. */
export interface Quota {
  policy: Policy;
  /** Whether this use is within the limit. */
  allowed: boolean;
  limit: number;
  /** Length of the window, in seconds. */
  window: number;
  remaining: number;
  /** Seconds until the window ends. */
  reset: number;
}

/** How many frames of any kind one socket may send in each window; counted by `FrameRate`. */
export const FRAMES_PER_SOCKET = { points: 600, seconds: 10 } as const;

/** How many sockets one user, and one address, may hold at the same time. */
export const MAX_SOCKETS = { user: 20, address: 200 } as const;

/** How long uses are gathered before they are added to the shared count. */
const GATHER_MS = 250;
/** How long a shared count is waited for, by default. */
const SHARED_LIMIT_MS = 1_000;

/**
 * Counts in memory, and in a store that all instances share if there is one. While that cannot be
 * reached, each instance counts for itself.
 */
export class RateLimits {
  readonly enabled: boolean;
  readonly #own = new Map<Policy, RateLimiterMemory>();
  readonly #shared = new Map<Policy, SharedLimiter>();
  /** Uses that are not in the shared count yet. */
  #pending = new Map<Policy, Map<string, number>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #sharedLimitMs: number;

  /** @param sharedLimitMs how long to wait for a shared count before this instance counts alone */
  constructor(
    enabled: boolean,
    sharedLimiters: SharedLimiters | null = null,
    sharedLimitMs = SHARED_LIMIT_MS,
  ) {
    this.enabled = enabled;
    this.#sharedLimitMs = sharedLimitMs;
    for (const [name, { points, seconds }] of Object.entries(POLICIES)) {
      const policy = name as Policy;
      const options = { keyPrefix: policy, points, duration: seconds };
      this.#own.set(policy, new RateLimiterMemory(options));
      if (sharedLimiters) this.#shared.set(policy, sharedLimiters(options));
    }
  }

  /** What a policy allows at least: where limits are off nothing is refused. */
  limitOf(policy: Policy): { points: number; seconds: number } {
    const { points, seconds } = POLICIES[policy];
    return { points, seconds };
  }

  /** Counts one use by `key`; null where limits are off. */
  async tryConsume(policy: Policy, key: string): Promise<Quota | null> {
    if (!this.enabled) return null;
    return quota(policy, await this.#count(policy, key));
  }

  /**
   * Counts one use by `key`.
   * @throws ChatError `rate_limited` with the seconds to wait, if the quota is used up
   */
  async consume(policy: Policy, key: string): Promise<void> {
    const quota = await this.tryConsume(policy, key);
    if (quota && !quota.allowed) throw rateLimited(quota);
  }

  /** Resets the count of `key`, for a login that succeeded. */
  async reset(policy: Policy, key: string): Promise<void> {
    if (!this.enabled) return;
    await this.#own.get(policy)!.delete(key);
    const shared = this.#shared.get(policy);
    if (shared) await this.#inTime(shared.delete(key)).catch(report);
  }

  /** Takes back one use by `key` of a policy that is counted at once. */
  async takeBack(policy: Policy, key: string): Promise<void> {
    if (!this.enabled) return;
    const shared = this.#shared.get(policy);
    if (shared) await this.#inTime(shared.penalty(key, -1)).catch(report);
    else await this.#own.get(policy)!.reward(key);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #count(policy: Policy, key: string): Promise<Count> {
    const own = this.#own.get(policy)!;
    const shared = this.#shared.get(policy);
    if (!shared) return own.penalty(key);
    if (POLICIES[policy].shared === "at once") return this.#countAtOnce(shared, own, key);
    this.#addLater(policy, key);
    return own.penalty(key);
  }

  async #countAtOnce(shared: SharedLimiter, own: RateLimiterMemory, key: string): Promise<Count> {
    try {
      return await this.#inTime(shared.penalty(key, 1));
    } catch (error) {
      report(error);
      return await own.penalty(key);
    }
  }

  #inTime<T>(answer: Promise<T>): Promise<T> {
    return within(answer, this.#sharedLimitMs, () => {
      throw new Error("no answer in time");
    });
  }

  #addLater(policy: Policy, key: string): void {
    const uses = this.#pending.get(policy) ?? new Map<string, number>();
    this.#pending.set(policy, uses.set(key, (uses.get(key) ?? 0) + 1));
    this.#timer ??= setTimeout(() => this.#publish(), GATHER_MS);
  }

  /** Adds the pending uses to the shared count. */
  #publish(): void {
    const pending = this.#pending;
    this.#pending = new Map();
    this.#timer = undefined;
    for (const [policy, uses] of pending) {
      for (const [key, count] of uses) this.#add(policy, key, count).catch(report);
    }
  }

  /** Adds to the shared count, and blocks the key here if all instances together have used it up. */
  async #add(policy: Policy, key: string, count: number): Promise<void> {
    const { consumedPoints, msBeforeNext } = await this.#shared.get(policy)!.penalty(key, count);
    if (consumedPoints <= POLICIES[policy].points) return;
    await this.#own.get(policy)!.block(key, msBeforeNext / 1000);
  }
}

function report(error: unknown): void {
  logger.debug("The shared rate limits cannot be reached, this instance counts alone: {error}", {
    error,
  });
}

/** The error for a use over the quota. */
export function rateLimited({ reset }: Pick<Quota, "reset">): ChatError {
  return new ChatError("rate_limited", `Too many attempts; try again in ${reset} s.`, {
    retryAfter: reset,
  });
}

function quota(policy: Policy, { consumedPoints, remainingPoints, msBeforeNext }: Count): Quota {
  const { points, seconds } = POLICIES[policy];
  return {
    policy,
    allowed: consumedPoints <= points,
    limit: points,
    window: seconds,
    remaining: remainingPoints,
    reset: Math.max(1, Math.ceil(msBeforeNext / 1000)),
  };
}
