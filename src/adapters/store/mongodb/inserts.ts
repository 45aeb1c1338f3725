/** Inserts documents of which some may be there already. */
import type { Collection, Document, OptionalUnlessRequiredId } from "mongodb";
import { duplicatesOf } from "./errors.ts";

/**
 * Inserts the documents that no unique index refuses.
 * @returns the places of those that one refuses
 */
export async function insertNew<T extends Document>(
  collection: Collection<T>,
  documents: readonly T[],
): Promise<Set<number>> {
  if (documents.length === 0) return new Set();
  try {
    await collection.insertMany(documents as OptionalUnlessRequiredId<T>[], { ordered: false });
    return new Set();
  } catch (error) {
    return new Set(duplicatesOf(error).map(({ index }) => index));
  }
}
