/** The search for the end of a log by looking for single numbers. */
import { LOG_START, type LogPosition } from "../../../domain/entry.ts";

/** Numbers that one query looks for. */
const PROBES = 64;
/** How many doubling distances are probed beyond the last entry known. */
const DOUBLINGS = 45;

/** Where a log ends. */
export interface LogEnd extends LogPosition {
  /** When the last entry was made, if it created a message. */
  messageAt?: Date;
}

/** Of one room: while there are `probes`, `take` is to be told which of them exist. */
export class EndSearch {
  readonly roomId: string;
  /** The last entry that is known to exist; once there are no `probes`, the log ends here. */
  end: LogEnd = LOG_START;
  /** Numbers to look for. */
  probes: number[];
  /** A number that does not exist. */
  #high = Infinity;

  /** @param hint where the log may end */
  constructor(roomId: string, { seq: hint }: LogPosition) {
    this.roomId = roomId;
    this.probes = hint === 0 ? probesBetween(0, Infinity) : [hint, hint + 1];
  }

  /** @param found those of the `probes` that exist */
  take(found: readonly LogEnd[]): void {
    for (const each of found) if (each.seq > this.end.seq) this.end = each;
    const exists = new Set(found.map(({ seq }) => seq));
    // What was appended between two queries is beyond what was probed.
    const missing = this.probes.filter((seq) => seq > this.end.seq && !exists.has(seq));
    this.#high = Math.min(this.#high, ...missing);
    this.probes = probesBetween(this.end.seq, this.#high);
  }
}

/** Numbers above `low` and below `high`: at doubling distances if `high` is infinite, else evenly spread. */
function probesBetween(low: number, high: number): number[] {
  if (high === Infinity) return Array.from({ length: DOUBLINGS }, (_, i) => low + 2 ** i);
  const count = Math.min(PROBES, high - low - 1);
  return Array.from({ length: count }, (_, i) => {
    return low + Math.ceil((i + 1) * (high - low) / (count + 1));
  }).filter((seq) => seq < high);
}
