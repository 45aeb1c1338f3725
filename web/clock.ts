/** The time, for what is counted down on the page. */
import { type ReadonlySignal, signal } from "@preact/signals";

let timer: ReturnType<typeof setInterval> | undefined;

/** In milliseconds as of `Date.now()`; moves each second while it is shown. */
export const now: ReadonlySignal<number> = makeClock();

function makeClock(): ReadonlySignal<number> {
  const time = signal(Date.now(), {
    watched() {
      time.value = Date.now();
      timer = setInterval(() => time.value = Date.now(), 1_000);
    },
    unwatched() {
      clearInterval(timer);
    },
  });
  return time;
}

/** How long it is until a time, in words. */
export function howSoon(time: number): string {
  // A second's signal may be older than the time.
  const seconds = Math.ceil((time - Math.max(now.value, Date.now())) / 1_000);
  return seconds > 0 ? `in ${seconds} s` : "now";
}
