/** The documents of the index that messages are found by, and the terms in them. */
import type { SearchedContent } from "../../../domain/search_query.ts";
import type {
  IndexedMessage,
  IndexPart,
  IndexProgress,
  IndexQuery,
} from "../../../ports/store/search.ts";

/**
 * A message in the index; of one that was taken out the terms are gone. Its sender and what it has are
 * terms as well.
 */
export type SearchDocument =
  & Pick<IndexedMessage, "seq" | "changedSeq" | "terms">
  & Partial<Pick<IndexedMessage, "at">>
  & {
    /** The message's. */
    _id: string;
    roomId: string;
    /** Of the index: see `MongoSearch`. */
    generation: number;
    erasedAt?: Date;
  };

/** How far a room's log is in the index; by its id. */
export interface SearchProgressDocument extends IndexProgress {
  _id: string;
  generation: number;
}

/** The terms that every document has that a query may find, the rarest first as far as that can be told. */
export function termsFor({ terms, senderId, has }: Pick<IndexQuery, "terms" | "senderId" | "has">) {
  return [
    ...senderId === undefined ? [] : [senderTerm(senderId)],
    ...has === undefined ? [] : [contentTerm(has)],
    ...new Set(terms),
  ];
}

/** What a part of a room's log makes of the index, in this generation of it. */
export function documentsOf(
  { roomId, messages, removed }: IndexPart,
  generation: number,
): SearchDocument[] {
  const of = { roomId, generation };
  return [
    ...messages.map(({ messageId, terms, senderId, has, ...fields }) => {
      const own = [senderTerm(senderId), ...has.map(contentTerm)];
      return { _id: messageId, ...of, ...fields, terms: [...terms, ...own] };
    }),
    ...removed.map(({ messageId, ...fields }) => {
      return { _id: messageId, ...of, ...fields, terms: [], erasedAt: new Date() };
    }),
  ];
}

/** Of a message that is in the index, in an earlier state or of an earlier generation. */
export function replacement(document: SearchDocument) {
  const { _id, at: _, ...$set } = document;
  const { changedSeq, generation } = document;
  const isStale = [
    { generation, changedSeq: { $lt: changedSeq } },
    { generation: { $lt: generation } },
  ];
  return { updateOne: { filter: { _id, $or: isStale }, update: { $set } } };
}

// No word, nor its beginning, begins with U+2026.
function senderTerm(senderId: string): string {
  return `…u${senderId}`;
}

function contentTerm(content: SearchedContent): string {
  return `…${content}`;
}
