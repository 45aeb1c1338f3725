/** The rate limits of an attempt to sign in, and how its outcome changes them. */
import type { Policy, RateLimits } from "./rate_limits.ts";

/** One limit that an attempt counts against. */
export interface LoginLimit {
  policy: Policy;
  key: string;
  /**
   * What happens to the count when the password was right: nothing if attempts are counted; it is
   * reset, or only this attempt is taken back if wrong passwords of others are in it.
   */
  onSuccess: "keep" | "clear" | "take back";
}

export interface LoginAttempt {
  /** In the form in which accounts are found; whether there is such an account does not matter. */
  email: string;
  /** The client's, in the form that limits count by. */
  address: string;
  /** The device, if it has signed in to this account before; else null. */
  deviceId: string | null;
}

/**
 * The limits of an attempt, in the order in which it is counted: once one is used up the rest must
 * not be counted, or an attempt that one refuses would use up the others.
 *
 * A device that has signed in before is counted by itself: neither guesses from elsewhere nor others
 * at its address can use up its limits.
 */
export function loginLimits({ email, address, deviceId }: LoginAttempt): LoginLimit[] {
  if (deviceId !== null) {
    return [
      { policy: "loginAddress", key: `${address} ${email}`, onSuccess: "keep" },
      { policy: "loginDevice", key: deviceId, onSuccess: "clear" },
    ];
  }
  return [
    { policy: "loginAddress", key: address, onSuccess: "keep" },
    { policy: "loginAccount", key: `${email} ${address}`, onSuccess: "clear" },
    { policy: "loginNewDevice", key: email, onSuccess: "take back" },
  ];
}

/**
 * Settles the limits of an attempt that was counted against all of them.
 * @param outcome `unknown` if the password could not be compared, which does not count as wrong
 */
export async function settleLogin(
  rateLimits: RateLimits,
  limits: readonly LoginLimit[],
  outcome: "success" | "failure" | "unknown",
): Promise<void> {
  if (outcome === "failure") return;
  for (const { policy, key, onSuccess } of limits) {
    if (onSuccess === "keep") continue;
    if (outcome === "success" && onSuccess === "clear") await rateLimits.reset(policy, key);
    else await rateLimits.takeBack(policy, key);
  }
}
