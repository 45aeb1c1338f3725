/** The index that messages are found by, in the embedded database. */
import type {
  Candidates,
  IndexedMessage,
  IndexPart,
  IndexProgress,
  IndexQuery,
} from "../../../ports/store/search.ts";
import { toDate } from "./rows.ts";
import type { Erased } from "./erasure.ts";
import { isIndexDamage } from "./faults.ts";
import { CHECKPOINT_PAGES } from "./file.ts";
import { SearchCandidates } from "./search_candidates.ts";
import {
  contentTerm,
  keyOfUser,
  LAST_MOMENT,
  numberOf,
  PUBLIC_TERM,
  roomTerm,
  senderTerm,
} from "./search_keys.ts";
import { SearchSegments } from "./search_segments.ts";
import { SearchTables } from "./search_tables.ts";
import type { Statements } from "./statements.ts";

/** As `CHECKPOINT_PAGES`, while much is rewritten in short steps: to copy 16 MB at once takes longer. */
const SHORT_LOG_PAGES = 500;

/** As a part crosses threads: an array of terms would take several times as long as one text. */
export type IndexPartRow = Omit<IndexPart, "messages"> & {
  messages: readonly IndexedMessageRow[];
};
type IndexedMessageRow = Omit<IndexedMessage, "terms"> & { terms: string };

export function toPartRow(part: IndexPart): IndexPartRow {
  const messages = part.messages.map((each) => ({ ...each, terms: each.terms.join(" ") }));
  return { ...part, messages };
}

/**
 * The methods of the `SearchStore` port without the promises. The terms are a full-text table without
 * content and without positions: a quarter of the size, and a tenth of the writes, of rows of terms.
 */
export class SqliteSearch {
  readonly #sql: Statements;
  readonly #onDeletion: () => void;
  readonly #candidates: SearchCandidates;
  readonly #tables: SearchTables;
  readonly #segments: SearchSegments;
  /** The generation of the tables that were found damaged last. */
  #damaged: number | null = null;

  /** @param onDeletion is called when terms are deleted, before the commit */
  constructor(statements: Statements, onDeletion: () => void) {
    this.#sql = statements;
    this.#onDeletion = onDeletion;
    this.#candidates = new SearchCandidates(statements);
    this.#tables = new SearchTables(statements);
    this.#segments = new SearchSegments(statements);
  }

  find(query: IndexQuery): Candidates {
    return this.#noticeDamage(() => this.#candidates.find(query));
  }

  progress(roomIds: readonly string[]): Map<string, IndexProgress> {
    const rows = this.#sql.prepare(
      `SELECT r.id, p.seq, p.at FROM json_each(?) w CROSS JOIN rooms r ON r.id = w.value
         CROSS JOIN search_progress p ON p.room = r.key`,
    ).all(JSON.stringify(roomIds));
    return new Map(rows.map(({ id, seq, at }) => {
      return [String(id), { seq: Number(seq), at: toDate(at) }];
    }));
  }

  index(parts: readonly IndexPartRow[]): Set<string> {
    return this.#noticeDamage(() => {
      const added = parts.filter((part) => this.#add(part));
      this.#segments.mergeSome();
      return new Set(added.map(({ roomId }) => roomId));
    });
  }

  roomsAfter(roomId: string, limit: number): string[] {
    const rows = this.#sql.prepare(
      "SELECT id FROM rooms WHERE id > ? AND deleted_at IS NULL ORDER BY id LIMIT ?",
    ).all(roomId, limit);
    return rows.map(({ id }) => String(id));
  }

  claim(owner: string, now: Date, until: Date): boolean {
    const { changes } = this.#sql.prepare(
      `UPDATE search_state SET claimed_by = ?1, claimed_until = ?3
       WHERE claimed_by IS NULL OR claimed_by = ?1 OR claimed_until <= ?2`,
    ).run(owner, now.getTime(), until.getTime());
    return changes === 1;
  }

  /**
   * Empties the index, whatever has become of it, and the progress of all rooms.
   * @returns false, and nothing is done, where `removeSome` has something left to do
   */
  replace(): boolean {
    if (!this.#tables.replace()) return false;
    this.#sql.prepare("DELETE FROM search_progress").run();
    this.#sql.prepare("UPDATE search_state SET generation = generation + 1").run();
    this.#segments.cancelErasure();
    this.#onDeletion();
    return true;
  }

  /** Removes a part of what `replace` has put aside; returns whether something of it is left. */
  removeSome(): boolean {
    this.#onDeletion();
    const isLeft = this.#tables.removeSome();
    this.#keepLogShort(isLeft);
    return isLeft;
  }

  /** Whether a call has failed by what is in the index, so that only `replace` helps. */
  isDamaged(): boolean {
    return this.#damaged !== null && this.#damaged === this.#generation();
  }

  /** Deletes from the index what it has of a room's entries before this one; see `SqlitePurge`. */
  purge(room: number, seq: number): void {
    const rows = this.#sql.prepare("SELECT seq FROM search_messages WHERE room = ? AND seq < ?")
      .all(room, seq);
    this.#noticeDamage(() => {
      for (const row of rows) this.#remove(room, Number(row.seq));
    });
    if (rows.length > 0) this.#requestErasure();
    this.#sql.prepare("DELETE FROM search_progress WHERE room = ?").run(room);
  }

  /** Whether `eraseSome` has something to do. */
  get mustErase(): boolean {
    return this.#segments.mustErase || this.#tables.hasFormer;
  }

  /**
   * Takes terms of deleted messages out of the files, a part of them with each call, in a transaction.
   * @returns "resting" where it is too early for another pass over the index
   */
  eraseSome(): Exclude<Erased, "blocked"> {
    if (this.removeSome()) return "unfinished";
    const erased = this.#noticeDamage(() => this.#segments.eraseSome());
    this.#keepLogShort(erased === "unfinished");
    return erased;
  }

  #keepLogShort(isShort: boolean): void {
    const pages = isShort ? SHORT_LOG_PAGES : CHECKPOINT_PAGES;
    this.#sql.prepare(`PRAGMA wal_autocheckpoint = ${pages}`).get();
  }

  #noticeDamage<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (isIndexDamage(error)) this.#damaged = this.#generation();
      throw error;
    }
  }

  #generation(): number {
    return Number(this.#sql.prepare("SELECT generation FROM search_state").get()?.generation);
  }

  #add({ roomId, from, to, messages, removed }: IndexPartRow): boolean {
    const room = this.#sql.prepare(
      `SELECT key, type, deleted_at,
         coalesce((SELECT seq FROM search_progress WHERE room = key), 0) AS seq
       FROM rooms WHERE id = ?`,
    ).get(roomId);
    if (!room || room.deleted_at !== null) return true;
    if (Number(room.seq) !== from) return false;
    const key = Number(room.key);
    if (to.seq < from) this.purge(key, from + 1);
    for (const { seq } of removed) this.#remove(key, seq);
    if (removed.length > 0) this.#requestErasure();
    const roomTerms = room.type === "public" ? [roomTerm(key), PUBLIC_TERM] : [roomTerm(key)];
    for (const message of messages) {
      // What was sent after `from` is new. What an edit replaces is kept until a deletion.
      const known = message.seq > from ? null : this.#remove(key, message.seq);
      this.#insert({ room: key, roomTerms }, known ?? this.#nextKey(message.at), message);
    }
    this.#sql.prepare(
      `INSERT INTO search_progress (room, seq, at) VALUES (?, ?, ?)
       ON CONFLICT (room) DO UPDATE SET seq = excluded.seq, at = excluded.at`,
    ).run(key, to.seq, to.at.getTime());
    return true;
  }

  #insert(
    { room, roomTerms }: { room: number; roomTerms: readonly string[] },
    key: number,
    { seq, terms, senderId, has }: IndexedMessageRow,
  ): void {
    const sender = keyOfUser(this.#sql, senderId);
    const own = [...roomTerms, ...has.map(contentTerm)];
    if (sender !== null) own.push(senderTerm(sender));
    this.#sql.prepare("INSERT INTO search_messages (key, room, seq) VALUES (?, ?, ?)")
      .run(key, room, seq);
    this.#sql.prepare("INSERT INTO search_terms (rowid, terms) VALUES (?, ?)")
      .run(key, [terms, ...own].join(" "));
  }

  /** Returns the number that the message had; null if the index had nothing of it. */
  #remove(room: number, seq: number): number | null {
    const row = this.#sql.prepare("SELECT key FROM search_messages WHERE room = ? AND seq = ?")
      .get(room, seq);
    if (!row) return null;
    const key = Number(row.key);
    this.#sql.prepare("DELETE FROM search_terms WHERE rowid = ?").run(key);
    this.#sql.prepare("DELETE FROM search_messages WHERE key = ?").run(key);
    return key;
  }

  #requestErasure(): void {
    this.#segments.requestErasure();
    this.#onDeletion();
  }

  /** The next number of a moment; if it has none left, of the next moment that has. */
  #nextKey(at: Date): number {
    for (let moment = Math.min(at.getTime(), LAST_MOMENT);; moment++) {
      const end = numberOf(moment + 1);
      const row = this.#sql.prepare("SELECT max(key) AS last FROM search_messages WHERE key < ?")
        .get(end);
      const next = Math.max(numberOf(moment), Number(row?.last ?? -1) + 1);
      if (next < end) return next;
    }
  }
}
