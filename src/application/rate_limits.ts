/** How often anyone may do what, and the counting of it. */
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { ChatError } from "../domain/errors.ts";

/** What is limited: `points` in each window of `seconds`, counted per key. */
export const POLICIES = {
  /** Per account and address: someone guesses one person's password. */
  loginAccount: { points: 10, seconds: 15 * 60 },
  /** Per address: someone tries many accounts. */
  loginAddress: { points: 100, seconds: 15 * 60 },
  /** Per address. */
  register: { points: 30, seconds: 60 * 60 },
  /** Per address: every request to the API. */
  api: { points: 1_200, seconds: 60 },
  /** Per user and room. */
  message: { points: 60, seconds: 10 },
  /** Per socket: frames of any kind. */
  frame: { points: 600, seconds: 10 },
} as const;

export type Policy = keyof typeof POLICIES;

/** Where a key stands within a policy after it was counted. */
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

/** How many sockets one user, and one address, may hold at the same time. */
export const MAX_SOCKETS = { user: 20, address: 200 } as const;

export class RateLimits {
  readonly enabled: boolean;
  readonly #limiters = new Map<Policy, RateLimiterMemory>();

  constructor(enabled: boolean) {
    this.enabled = enabled;
    for (const [policy, { points, seconds }] of Object.entries(POLICIES)) {
      const limiter = new RateLimiterMemory({ points, duration: seconds, keyPrefix: policy });
      this.#limiters.set(policy as Policy, limiter);
    }
  }

  /** Counts one use by `key`; null where limits are off. */
  async consume(policy: Policy, key: string): Promise<Quota | null> {
    if (!this.enabled) return null;
    try {
      return quota(policy, true, await this.#limiters.get(policy)!.consume(key));
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return quota(policy, false, refusal);
      throw refusal;
    }
  }

  /**
   * Counts one use by `key`.
   * @throws ChatError `rate_limited` with the seconds to wait, when the key has none left
   */
  async demand(policy: Policy, key: string): Promise<void> {
    const quota = await this.consume(policy, key);
    if (quota && !quota.allowed) throw rateLimited(quota);
  }

  /** Forgets what `key` has used, for a login that succeeded. */
  async forgive(policy: Policy, key: string): Promise<void> {
    if (this.enabled) await this.#limiters.get(policy)!.delete(key);
  }
}

/** The refusal of a use that went over its quota. */
export function rateLimited({ reset }: Quota): ChatError {
  return new ChatError("rate_limited", `Too many attempts; try again in ${reset} s.`, {
    retryAfter: reset,
  });
}

function quota(policy: Policy, allowed: boolean, state: RateLimiterRes): Quota {
  const { points, seconds } = POLICIES[policy];
  return {
    policy,
    allowed,
    limit: points,
    window: seconds,
    remaining: state.remainingPoints,
    reset: Math.max(1, Math.ceil(state.msBeforeNext / 1000)),
  };
}
