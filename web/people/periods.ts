/** How long bans and mutes last, for people. */
import { MOMENT, TIME } from "../dates.ts";

export interface Period {
  label: string;
  /** Null for one that does not end. */
  seconds: number | null;
}

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** Those offered for a ban or a mute. */
export const PERIODS: readonly Period[] = [
  { label: "1 hour", seconds: HOUR },
  { label: "1 day", seconds: DAY },
  { label: "7 days", seconds: 7 * DAY },
  { label: "30 days", seconds: 30 * DAY },
  { label: "Until it is lifted", seconds: null },
];

/** How far back a banned user's messages can be deleted. */
export const DELETIONS: readonly Period[] = [
  { label: "None", seconds: 0 },
  { label: "Of the last hour", seconds: HOUR },
  { label: "Of the last day", seconds: DAY },
  { label: "Of the last 7 days", seconds: 7 * DAY },
];

/** Ends that are later mean that there is none: the protocol's year 9999. */
const NEVER = Date.UTC(9000, 0);

/** When a period that begins now ends; ISO 8601, UTC; null for one that does not. */
export function endOf(seconds: number | null, now: number = Date.now()): string | null {
  return seconds === null ? null : new Date(now + seconds * 1_000).toISOString();
}

/** The end of a ban or mute, as in "muted until 14:05"; `""` for one that does not end. */
export function describeEnd(until: string | null, now: number = Date.now()): string {
  const time = until === null ? Infinity : Date.parse(until);
  if (time > NEVER) return "";
  const isToday = new Date(time).toDateString() === new Date(now).toDateString();
  return ` until ${(isToday ? TIME : MOMENT).format(time)}`;
}
