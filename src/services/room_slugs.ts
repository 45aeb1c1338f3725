/** Slugs of rooms: how a name becomes one, and how rooms of one name get numbers beside each other. */
import slugify from "@sindresorhus/slugify";
import { unavailable } from "../domain/errors.ts";
import type { RoomStore } from "../ports/store/rooms.ts";

/** In UTF-16 units, without a number. */
const MAX_LENGTH = 80;
/** Each attempt that loses a race for a slug means that another room was made. */
const MAX_ATTEMPTS = 100;
/** Attempts after which numbers are chosen at random: several instances compete for the same ones. */
const ORDERLY_ATTEMPTS = 10;
/** Numbers that a search looks up at once. */
const PROBES = 32;
/** The first numbers, and then ever larger ones. */
const FIRST_PROBES = [
  ...Array.from({ length: PROBES }, (_, i) => i + 1),
  ...Array.from({ length: 24 }, (_, i) => PROBES * 2 ** (i + 1)),
];

/** The rooms of one base that are being created here now. */
interface Lane {
  users: number;
  /** The lowest number not given out here. */
  next: number;
  /** Finds the lowest number that no room has; null once its result is outdated. */
  search: Promise<number> | null;
}

/**
 * Gives out slugs: `tea`, `tea-2`, `tea-3` … . The unique index of the store decides who gets one;
 * what is kept here only saves attempts. Rooms of one name that are created at the same time share
 * one search for the first free number, and get the numbers from there on.
 */
export class RoomSlugs {
  readonly #rooms: Pick<RoomStore, "takenSlugs">;
  readonly #lanes = new Map<string, Lane>();

  constructor(rooms: Pick<RoomStore, "takenSlugs">) {
    this.#rooms = rooms;
  }

  /**
   * Tries slugs until one is free.
   * @param base from `slugOf`
   * @param take claims the slug; returns whether it was free
   * @returns the slug that was claimed
   * @throws ChatError `unavailable` after 100 lost races, and what `take` throws
   */
  async claim(base: string, take: (slug: string) => Promise<boolean>): Promise<string> {
    const lane = this.#lanes.get(base) ?? { users: 0, next: 1, search: null };
    this.#lanes.set(base, lane);
    lane.users++;
    try {
      return await this.#attempt(base, lane, take);
    } finally {
      if (--lane.users === 0) this.#lanes.delete(base);
    }
  }

  async #attempt(base: string, lane: Lane, take: (slug: string) => Promise<boolean>) {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const search = lane.search ??= this.#findFree(base);
      const number = await this.#draw(lane, search, attempt);
      const slug = numbered(base, number);
      if (await take(slug)) return slug;
      // Another instance creates rooms of this name: search again.
      if (lane.search === search) lane.search = null;
    }
    throw unavailable("Too many rooms of this name are being created at once.");
  }

  async #draw(lane: Lane, search: Promise<number>, attempt: number): Promise<number> {
    try {
      const free = await search;
      const skipped = attempt < ORDERLY_ATTEMPTS ? 0 : Math.floor(Math.random() * attempt);
      const number = Math.max(free, lane.next) + skipped;
      lane.next = number + 1;
      return number;
    } catch (error) {
      if (lane.search === search) lane.search = null;
      throw error;
    }
  }

  /** Takes a few look-ups, however many rooms have the name: numbers in use have next to no gaps. */
  async #findFree(base: string): Promise<number> {
    let [taken, free] = [0, Infinity];
    let numbers = FIRST_PROBES;
    while (free - taken > 1) {
      const inUse = new Set(await this.#rooms.takenSlugs(numbers.map((n) => numbered(base, n))));
      const found = numbers.findIndex((number) => !inUse.has(numbered(base, number)));
      if (found < 0) return numbers.at(-1)! + 1;
      free = numbers[found]!;
      taken = numbers[found - 1] ?? taken;
      numbers = between(taken, free);
    }
    return free;
  }
}

function numbered(base: string, number: number): string {
  return number === 1 ? base : `${base}-${number}`;
}

/** At most `PROBES` numbers above `low`, evenly spread, the last of them `high`. */
function between(low: number, high: number): number[] {
  const step = Math.ceil((high - low) / PROBES);
  const count = Math.ceil((high - low) / step);
  return Array.from({ length: count }, (_, i) => Math.min(low + (i + 1) * step, high));
}

const GRAPHEMES = new Intl.Segmenter();
/** A letter or digit that shows, with the marks on it. */
const LETTER = /^[[\p{L}\p{N}]--[\p{ASCII}\p{Default_Ignorable_Code_Point}\u{13441}\u{13442}]]/v;
/**
 * What shows nothing, so that two slugs would look alike; not joiners where they change how letters
 * are shown: after a virama, and a non-joiner in a script whose letters join (RFC 5892, A.1 and A.2).
 */
const HIDDEN =
  /(?![\u200c\u200d])\p{Default_Ignorable_Code_Point}|(?<![\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca])(?:\u200d|(?<![\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Nko}])\u200c)/gu;
/** The slug of a private room is its id: whether it is taken must not show. */
const ID = /^[0-9a-hjkmnp-tv-z]{26}$/;
/** Characters for private use (U+E000 to U+F8FF), which stand in for letters meanwhile. */
const STAND_INS = /[\ue000-\uf8ff]/g;

/**
 * What a room's slug begins with, made from its name: in lower-case ASCII where the name can be
 * transliterated, in its own letters where it cannot, which a URL holds percent-encoded; `room` for
 * a name without letters.
 */
export function slugOf(name: string): string {
  const kept: string[] = [];
  // The library would drop letters that it cannot transliterate, and take the marks off them.
  const text = [...GRAPHEMES.segment(name.replace(STAND_INS, " "))].map(({ segment }) => {
    if (!LETTER.test(segment) || slugify(segment) !== "") return segment;
    kept.push(segment.replace(HIDDEN, "").toLowerCase());
    return standIn(kept.length - 1);
  }).join("");
  const preserveCharacters = kept.map((_, i) => standIn(i));
  const slug = slugify(text, { decamelize: false, preserveCharacters })
    .replace(STAND_INS, (character) => kept[character.charCodeAt(0) - 0xe000] ?? "");
  // A cut may leave half a character, or a dash.
  const cut = slug.slice(0, MAX_LENGTH).replace(/[\ud800-\udbff]$/, "").replace(/-+$/, "") ||
    "room";
  return ID.test(cut) ? `room-${cut}` : cut;
}

function standIn(index: number): string {
  return String.fromCharCode(0xe000 + index);
}
