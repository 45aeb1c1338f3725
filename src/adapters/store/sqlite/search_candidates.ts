/** Reads the candidates of a search from the index, in the embedded database. */
import type { Candidates, IndexPlace, IndexQuery } from "../../../ports/store/search.ts";
import type { Row } from "./rows.ts";
import {
  contentTerm,
  keyOfUser,
  momentOf,
  numberOf,
  NUMBERS_IN_A_MOMENT,
  PUBLIC_TERM,
  roomTerm,
  senderTerm,
} from "./search_keys.ts";
import type { Statements } from "./statements.ts";

/** Candidates that one call looks at, and a few more: other calls wait for it. */
const MAX_EXAMINED = 500;
/** Private and direct rooms of one user by which a search is narrowed: of who has more, it is not. */
const MAX_ROOMS = 1_000;
/** What the tokenizer of ASCII splits at. No term has any: this makes sure that none is an expression. */
const SEPARATORS = /[^a-z0-9\u0080-\u{10ffff}]/giu;

/** What is read for a user: numbers from `from` up to, but without, `to`. */
interface NumberRange {
  match: string;
  userId: string;
  from: number;
  to: number;
}

/** Called outside of transactions. */
export class SearchCandidates {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  /** See the `SearchStore` port. */
  find({ userId, terms, limit, since, before, ...filter }: IndexQuery): Candidates {
    const filters = this.#filterTerms(filter);
    if (filters === null) return { places: [], next: null };
    const scope = filter.roomId === undefined ? this.#readableTerms(userId) : [];
    const all = [...terms, ...filters].map(quoted).join(" AND ");
    const match = scope.length > 0 ? `${all} AND (${scope.map(quoted).join(" OR ")})` : all;
    const from = numberOf(since?.getTime() ?? 0);
    const places: IndexPlace[] = [];
    let examined = 0;
    let to = numberOf(before?.getTime() ?? Infinity);
    // Twice as many with each read: most often the first has enough.
    for (let count = limit;; count *= 2) {
      const { rows, next } = this.#readSome({ match, userId, from, to }, count);
      places.push(...rows.flatMap(toPlace));
      examined += rows.length;
      const isEnough = places.length >= limit || examined >= MAX_EXAMINED;
      if (next === null || isEnough) return { places, next: next === null ? null : new Date(next) };
      to = numberOf(next);
    }
  }

  /** Terms of what is no word: of rooms, senders and contents; null if there is no such thing. */
  #filterTerms({ roomId, senderId, has }: Partial<IndexQuery>): string[] | null {
    const terms = has === undefined ? [] : [contentTerm(has)];
    if (roomId !== undefined) {
      const room = this.#sql.prepare("SELECT key FROM rooms WHERE id = ?").get(roomId);
      if (!room) return null;
      terms.push(roomTerm(Number(room.key)));
    }
    if (senderId !== undefined) {
      const sender = keyOfUser(this.#sql, senderId);
      if (sender === null) return null;
      terms.push(senderTerm(sender));
    }
    return terms;
  }

  /**
   * Terms of which each message in a room that the user may read has one, and of other rooms' only
   * those of public ones that they are banned from; none where there would be too many.
   */
  #readableTerms(userId: string): string[] {
    const rooms = this.#sql.prepare(
      `SELECT r.key FROM members m JOIN rooms r ON r.key = m.room
       WHERE m.user = (SELECT key FROM users WHERE id = ?) AND m.role IS NOT NULL
         AND r.type <> 'public' AND r.deleted_at IS NULL LIMIT ${MAX_ROOMS + 1}`,
    ).all(userId);
    if (rooms.length > MAX_ROOMS) return [];
    return [PUBLIC_TERM, ...rooms.map(({ key }) => roomTerm(Number(key)))];
  }

  /** The newest of a range, at least so many if there are: all or none of a moment. */
  #readSome(range: NumberRange, count: number): { rows: Row[]; next: number | null } {
    const rows = this.#read(range, count);
    if (rows.length < count) return { rows, next: null };
    const next = momentOf(Number(rows.at(-1)!.key));
    const [first, end] = [numberOf(next), numberOf(next + 1)];
    const later = rows.filter(({ key }) => Number(key) >= end);
    const moment = { from: Math.max(first, range.from), to: Math.min(end, range.to) };
    return { rows: [...later, ...this.#read({ ...range, ...moment }, NUMBERS_IN_A_MOMENT)], next };
  }

  #read({ match, userId, from, to }: NumberRange, count: number): Row[] {
    return this.#sql.prepare(
      `SELECT i.rowid AS key, s.seq, r.id AS room_id, m.id AS message_id,
         r.deleted_at IS NULL AND (p.role IS NOT NULL
           OR r.type = 'public' AND (p.ban IS NULL OR p.ban ->> 'until' <= ?2)) AS is_readable
       FROM search_terms i
         LEFT JOIN search_messages s ON s.key = i.rowid
         LEFT JOIN rooms r ON r.key = s.room
         LEFT JOIN messages m ON m.room = s.room AND m.seq = s.seq
         LEFT JOIN members p ON p.room = s.room AND p.user = (SELECT key FROM users WHERE id = ?1)
       WHERE i.search_terms MATCH ?3 AND i.rowid >= ?4 AND i.rowid < ?5
       ORDER BY i.rowid DESC LIMIT ?6`,
    ).all(userId, Date.now(), match, from, to, count);
  }
}

function quoted(term: string): string {
  return `"${term.replace(SEPARATORS, "")}"`;
}

function toPlace(row: Row): IndexPlace[] {
  const { key, seq, room_id, message_id, is_readable } = row;
  if (is_readable !== 1 || message_id === null) return [];
  return [{
    roomId: String(room_id),
    messageId: String(message_id),
    seq: Number(seq),
    at: new Date(momentOf(Number(key))),
  }];
}
