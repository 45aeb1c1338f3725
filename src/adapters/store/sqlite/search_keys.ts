/** How the index of search numbers messages, and by what terms it knows what is no word. */
import type { Statements } from "./statements.ts";

/**
 * Messages are numbered by their moment, so that the newest come first: so many numbers for each
 * millisecond. Beyond the year 2100 they would not be exact.
 */
export const NUMBERS_IN_A_MOMENT = 1_000;
/** In milliseconds since 1970; what is later counts as this. */
export const LAST_MOMENT = 4e12;

/** The first number of a moment, in milliseconds since 1970. */
export function numberOf(moment: number): number {
  return Math.min(Math.max(0, moment), LAST_MOMENT) * NUMBERS_IN_A_MOMENT;
}

/** The moment of a message, by its number. */
export function momentOf(key: number): number {
  return Math.floor(key / NUMBERS_IN_A_MOMENT);
}

// No word, nor its beginning, begins with U+2026.
/** Of messages in public rooms: the type of a room never changes. */
export const PUBLIC_TERM = "…p";

export function roomTerm(room: number): string {
  return `…r${room}`;
}

export function senderTerm(sender: number): string {
  return `…u${sender}`;
}

export function contentTerm(content: string): string {
  return `…${content}`;
}

/** The number that the tables know a user by; null if there is no such user. */
export function keyOfUser(sql: Statements, id: string): number | null {
  const row = sql.prepare("SELECT key FROM users WHERE id = ?").get(id);
  return row ? Number(row.key) : null;
}
