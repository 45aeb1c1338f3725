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

/** A cursor that is not of this list. */
export function invalidCursor(): ChatError {
  return new ChatError("validation_failed", "The cursor is not valid.", {
    faults: [{ path: "cursor", message: "must be the nextCursor of an earlier page" }],
  });
}
