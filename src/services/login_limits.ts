/** The limits that hold for one attempt to sign in, and what its outcome does to them. */
import type { Policy, RateLimits } from "./rate_limits.ts";

/** One limit that an attempt counts against. */
export interface LoginLimit {
  policy: Policy;
  key: string;
  /**
   * What becomes of the count when the password was right: nothing, where attempts are counted; it
   * is cleared, or only this attempt is taken back, where others' wrong passwords are in it.
   */
  onSuccess: "keep" | "clear" | "take back";
}

export interface LoginAttempt {
  /** In the form in which accounts are found; whether there is such an account does not matter. */
  email: string;
  /** The client's, in the form that limits count by. */
  address: string;
  /** The device that has signed in to this account before; null for any other. */
  deviceId: string | null;
}

/**
 * The limits of an attempt, in the order in which it has to be counted: once one is used up the rest
 * must not be counted, or else an attempt that is refused at one would use up the others.
 *
 * A device that has signed in before is counted by itself. Nobody else can use up its limits: not who
 * guesses from elsewhere, nor who shares its address.
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
 * @param outcome `unknown` where the password could not be compared: that is no wrong one
 */
export async function settleLogin(
  rateLimits: RateLimits,
  limits: readonly LoginLimit[],
  outcome: "success" | "failure" | "unknown",
): Promise<void> {
  if (outcome === "failure") return;
  for (const { policy, key, onSuccess } of limits) {
    if (onSuccess === "keep") continue;
    if (outcome === "success" && onSuccess === "clear") await rateLimits.forgive(policy, key);
    else await rateLimits.takeBack(policy, key);
  }
}
