/** Dates as the user's browser writes them, and in their order. */

/** A time of day. */
export const TIME = new Intl.DateTimeFormat([], { timeStyle: "short" });
/** A date and its time. */
export const MOMENT = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "short" });

/** Orders moments in ISO 8601 and UTC, the earliest first; `""` is before all. */
export function compareMoments(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}
