/** Moves the time of day for a test file and the servers in its process; timers run as before. */

const RealDate = Date;
let skipped = 0;

globalThis.Date = new Proxy(RealDate, {
  construct: (Date, args) =>
    args.length === 0 ? new Date(Date.now() + skipped) : Reflect.construct(Date, args),
  get: (Date, key) => key === "now" ? () => Date.now() + skipped : Reflect.get(Date, key),
});

/** Makes it this many milliseconds later, for good: what is due by then is due now. */
export function skip(milliseconds: number): void {
  skipped += milliseconds;
}
