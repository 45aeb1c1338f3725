/** A ban or mute as it is announced. */
import { isInForce, type Restriction } from "../../domain/membership.ts";
import type { SystemData } from "../../domain/message.ts";

/** What the message of the system says of it. */
export function dataOf({ until, reason }: Restriction): Omit<SystemData, "users"> {
  return {
    ...(until && { until: until.toISOString() }),
    ...(reason !== null && { reason }),
  };
}

/** Whether one that holds now is as asked. */
export function isSame(present: Restriction | null, asked: Restriction): boolean {
  return present !== null && isInForce(present, new Date()) && present.reason === asked.reason &&
    present.until?.getTime() === asked.until?.getTime();
}
