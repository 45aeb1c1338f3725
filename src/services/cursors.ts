/** Cursors of lists: opaque texts that say where the next page begins. */
import { ChatError } from "../domain/errors.ts";

/** @param place what the last item of a page is ordered by */
export function encodeCursor(place: readonly (string | number)[]): string {
  const bytes = new TextEncoder().encode(JSON.stringify(place));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * What `encodeCursor` was given, or another list if the cursor is not one of this list.
 * @throws ChatError `validation_failed`
 */
export function decodeCursor(cursor: string): unknown[] {
  try {
    const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
    const place = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (Array.isArray(place)) return place;
  } catch {
    // Every invalid cursor gets the one answer below.
  }
  throw invalidCursor();
}

/**
 * The id in the cursor of a list that is ordered by ids; undefined for its first page.
 * @throws ChatError `validation_failed`
 */
export function decodeId(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const [id] = decodeCursor(cursor);
  if (typeof id === "string") return id;
  throw invalidCursor();
}

/**
 * A time in a cursor.
 * @param part milliseconds, if the cursor is one of this list
 * @throws ChatError `validation_failed`
 */
export function timeIn(part: unknown): Date {
  const time = new Date(typeof part === "number" ? part : NaN);
  if (Number.isNaN(time.getTime())) throw invalidCursor();
  return time;
}

/** A page of a list, and where the next begins; null at the end. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/**
 * @param found what follows, one more than the page holds if there is one
 * @param placeOf what an item is ordered by
 */
export function pageOf<T>(
  found: readonly T[],
  limit: number,
  placeOf: (last: T) => readonly (string | number)[],
): Page<T> {
  const items = found.slice(0, limit);
  const nextCursor = found.length > limit ? encodeCursor(placeOf(items.at(-1)!)) : null;
  return { items, nextCursor };
}

/** A cursor that is not of this list. */
export function invalidCursor(): ChatError {
  return new ChatError("validation_failed", "The cursor is not valid.", {
    faults: [{ path: "cursor", message: "must be the nextCursor of an earlier page" }],
  });
}
