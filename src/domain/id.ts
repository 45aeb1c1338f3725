/** Ids of everything: ULIDs, unique without coordination, sortable by time. */
import { ulid } from "ulid";

/** Random bytes drawn at once: one by one, as the library draws them, they would cost 8 µs an id. */
const pool = new Uint8Array(4_096);
let next = pool.length;

export function newId(): string {
  return ulid(undefined, random);
}

/** From 0 to below 1. */
function random(): number {
  if (next === pool.length) {
    crypto.getRandomValues(pool);
    next = 0;
  }
  return pool[next++]! / 256;
}
