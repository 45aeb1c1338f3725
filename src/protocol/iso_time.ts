/** Times as they go over the wire: ISO 8601, UTC, to the millisecond. */

const DAY_MS = 86_400_000;
const TWO_DIGITS = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, "0"));
const THREE_DIGITS = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, "0"));

/** The UTC day of the last time formatted, in days since 1970, and its text up to the `T`. */
let day = 0;
let date = "1970-01-01T";

/**
 * As `toISOString`, in a quarter of the time: it was the largest part of a page of history, most of
 * whose times are of one day.
 * @throws RangeError for an invalid date
 */
export function isoTime(time: Date): string {
  const milliseconds = time.getTime();
  const newDay = Math.floor(milliseconds / DAY_MS);
  if (newDay !== day) {
    date = new Date(newDay * DAY_MS).toISOString().slice(0, -"00:00:00.000Z".length);
    day = newDay;
  }
  const rest = milliseconds - day * DAY_MS;
  const hours = TWO_DIGITS[Math.floor(rest / 3_600_000)];
  const minutes = TWO_DIGITS[Math.floor(rest / 60_000) % 60];
  const seconds = TWO_DIGITS[Math.floor(rest / 1000) % 60];
  return `${date}${hours}:${minutes}:${seconds}.${THREE_DIGITS[rest % 1000]}Z`;
}
