/** What keeps a user from something: a ban or a mute. */

/** A ban or a mute. It ends by its time, without anything being written. */
export interface Restriction {
  /** Null if it does not end. */
  until: Date | null;
  reason: string | null;
}

/** Whether a ban or mute holds at `now`. */
export function isInForce(restriction: Restriction | null, now: Date): boolean {
  return restriction !== null && (restriction.until === null || restriction.until > now);
}
