/** Reads of many rooms' logs by few commands. */
import type { Document } from "mongodb";
import pLimit from "p-limit";

/** Rooms in one query: each has its own place in the index, for which the server plans. */
const ROOMS_IN_A_QUERY = 100;
/** Queries under way at once: more would take the connections of appends. */
const QUERIES_AT_ONCE = 4;

/** Reads for portions of these rooms, and returns all that was found, in the order of the portions. */
export async function inPortions<T, Found>(
  rooms: readonly T[],
  read: (portion: T[]) => Promise<Found[]>,
): Promise<Found[]> {
  const count = Math.ceil(rooms.length / ROOMS_IN_A_QUERY);
  const portions = Array.from({ length: count }, (_, i) => {
    return rooms.slice(i * ROOMS_IN_A_QUERY, (i + 1) * ROOMS_IN_A_QUERY);
  });
  return (await pLimit(QUERIES_AT_ONCE).map(portions, read)).flat();
}

/**
 * Matches what one of these does, at least one. To be the whole filter of a command, or its first stage:
 * beside other conditions not every server looks each up by its index.
 */
export function anyOf(filters: readonly Document[]): Document {
  return filters.length === 1 ? filters[0]! : { $or: filters };
}
