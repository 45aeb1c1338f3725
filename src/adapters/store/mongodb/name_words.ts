/** How people are found by their names: by the array of its words, which an index holds one by one. */
import type { Document } from "mongodb";

/** Comes after all words. */
const LAST_CHARACTER = "\u{10ffff}";

/** Matches users with a name in which each of these, at least one, begins a word. */
export function namedBy(words: readonly string[]): Document {
  // Bounds of one element each, so that the index is read for them alone.
  const beginnings = words.map((word) => {
    return { words: { $elemMatch: { $gte: word, $lt: word + LAST_CHARACTER } } };
  });
  return beginnings.length === 1 ? beginnings[0]! : { $and: beginnings };
}
