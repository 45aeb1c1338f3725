/** Search in messages, as it goes over the wire. */
import type { Message } from "./messages.ts";
import type { Room } from "./rooms.ts";

/** What `GET /search` looks for. What is left out limits nothing. */
export interface SearchQuery {
  /**
   * Words that must all occur, `"a phrase"`, `-without` a word or phrase; the last word may be a
   * beginning. At most 1,000 characters and 64 of these; one must be a word.
   */
  q: string;
  /** An id or a slug. */
  roomId?: string | undefined;
  /** The id of the sender. */
  from?: string | undefined;
  /** Only messages with a file, or with a link in their text. */
  has?: SearchedContent | undefined;
  /** ISO 8601: only messages sent before it. */
  before?: string | undefined;
  /** ISO 8601: only messages sent then or later. */
  after?: string | undefined;
  /** 1 to 100; 20 if it is left out. */
  limit?: number | undefined;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
}

/** What a message may be asked to have. */
export type SearchedContent = "file" | "link";

/** A message that was found. */
export interface SearchResult {
  /** As it is now. */
  message: Message;
  /** The message's. */
  room: Pick<Room, "id" | "name" | "slug" | "type">;
  /** Where in its text the words are: ranges of UTF-16 offsets, ascending, none touching another. */
  highlights: [start: number, end: number][];
}

/** A page of what was found, the newest first. */
export interface SearchPage {
  /** May be fewer than asked for, or none, while there is a `nextCursor`. */
  results: SearchResult[];
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}
