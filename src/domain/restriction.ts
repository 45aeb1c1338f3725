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

/** What is known of one, with the time at which it ends: JSON has that as text, or as a number. */
export function ending<R extends { until: string | number | null }>({ until, ...rest }: R) {
  return { ...rest, until: until === null ? null : new Date(until) };
}

/** What a message of the system and the audit log say of one: what it does not have is left out. */
export function restrictionData({ until, reason }: Restriction) {
  return {
    ...(until && { until: until.toISOString() }),
    ...(reason !== null && { reason }),
  };
}
