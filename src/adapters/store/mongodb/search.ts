/** The index that messages are found by: a document for each message, with its terms as an array. */
import type { Collection, Filter } from "mongodb";
import { isInForce } from "../../../domain/restriction.ts";
import type {
  Candidates,
  IndexPart,
  IndexPlace,
  IndexProgress,
  IndexQuery,
  SearchStore,
} from "../../../ports/store/search.ts";
import type { Collections } from "./collections.ts";
import type { MetaDocument } from "./documents.ts";
import { isDuplicateKey } from "./errors.ts";
import { insertNew } from "./inserts.ts";
import type { Operations } from "./operations.ts";
import {
  documentsOf,
  replacement,
  type SearchDocument,
  type SearchProgressDocument,
  termsFor,
} from "./search_documents.ts";

/** Documents that one call looks at, and a few more: those of one moment are read together. */
const MAX_EXAMINED = 500;
/** Terms of a query that are compared. */
const MAX_COMPARED = 8;
/** Terms that a document is asked for beside the one that it is read by. */
const MAX_OTHERS = 16;
/** Documents that are deleted at once. */
const CLEARED_AT_ONCE = 1_000;

/** What is read of a document that has terms. */
type FoundDocument = Pick<SearchDocument, "_id" | "roomId" | "seq"> & { at: Date };

/** What is read of the index: the documents of one term, of which those are found that have the others. */
interface Scan {
  term: string;
  others: readonly string[];
  roomId: string | undefined;
  /** Only of this moment or later. */
  since: Date | undefined;
  /** Only of earlier moments. */
  before: Date | undefined;
}

/**
 * Written without transactions: a document is replaced by a later state of its message alone, and what
 * is taken out stays for a day as an empty one, which a belated writer finds. An index that is cleared
 * has another generation: what is left of earlier ones counts for nothing and is written over.
 */
export class MongoSearch implements SearchStore {
  readonly #collections: Collections;
  readonly #search: Collection<SearchDocument>;
  readonly #progress: Collection<SearchProgressDocument>;
  readonly #meta: Collection<MetaDocument>;
  readonly #operations: Operations;

  constructor(collections: Collections, operations: Operations) {
    this.#collections = collections;
    this.#search = collections.search;
    this.#progress = collections.searchProgress;
    this.#meta = collections.meta;
    this.#operations = operations;
  }

  find(query: IndexQuery): Promise<Candidates> {
    return this.#operations.run(async () => {
      const { scan, floor } = await this.#narrow(query);
      const places: IndexPlace[] = [];
      let examined = 0;
      let { before } = scan;
      // Twice as many with each read: most often the first has enough.
      for (let count = query.limit;; count *= 2) {
        const { documents, next } = await this.#readSome({ ...scan, before }, count);
        places.push(...await this.#places(query.userId, documents));
        examined += documents.length;
        if (next === null) return { places, next: floor };
        if (places.length >= query.limit || examined >= MAX_EXAMINED) return { places, next };
        before = next;
      }
    });
  }

  progress(roomIds: readonly string[]): Promise<Map<string, IndexProgress>> {
    return this.#operations.run(async () => {
      return await this.#progressOf(roomIds, await this.#generation());
    });
  }

  index(parts: readonly IndexPart[]): Promise<Set<string>> {
    return this.#operations.run(async () => {
      const generation = await this.#generation();
      const ids = parts.map(({ roomId }) => roomId);
      const [progress, rooms] = await Promise.all([
        this.#progressOf(ids, generation),
        this.#collections.rooms.find({ _id: { $in: ids }, deletedAt: { $exists: false } }, {
          projection: { _id: 1 },
        }).toArray(),
      ]);
      const present = new Set(rooms.map(({ _id }) => _id));
      const due = parts.filter(({ roomId, from }) => {
        return present.has(roomId) && (progress.get(roomId)?.seq ?? 0) === from;
      });
      await this.#write(due.flatMap((part) => documentsOf(part, generation)));
      const added = await Promise.all(due.map((part) => this.#advance(part, generation)));
      const deleted = ids.filter((id) => !present.has(id));
      return new Set([...due.filter((_, i) => added[i]).map(({ roomId }) => roomId), ...deleted]);
    });
  }

  roomsAfter(roomId: string, limit: number): Promise<string[]> {
    return this.#operations.run(async () => {
      const rooms = await this.#collections.rooms
        .find({ _id: { $gt: roomId }, deletedAt: { $exists: false } }, { projection: { _id: 1 } })
        .sort({ _id: 1 }).limit(limit).toArray();
      return rooms.map(({ _id }) => _id);
    });
  }

  claim(owner: string, now: Date, until: Date): Promise<boolean> {
    return this.#operations.run(async () => {
      try {
        await this.#meta.updateOne(
          { _id: "search claim", $or: [{ owner }, { until: { $lte: now } }] },
          { $set: { owner, until } },
          { upsert: true },
        );
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    });
  }

  async clear(): Promise<void> {
    const generation = await this.#operations.run(async () => {
      // First: whoever indexes from now on begins again, and what they write is not deleted.
      await this.#meta.updateOne({ _id: "search" }, { $inc: { generation: 1 } }, { upsert: true });
      return await this.#generation();
    });
    while (await this.#clearSome(generation));
  }

  #clearSome(generation: number): Promise<boolean> {
    return this.#operations.run(async () => {
      const earlier = { generation: { $lt: generation } };
      const found = await this.#search.find(earlier, { projection: { _id: 1 } })
        .limit(CLEARED_AT_ONCE).toArray();
      const ids = found.map(({ _id }) => _id);
      await this.#search.deleteMany({ _id: { $in: ids }, ...earlier });
      return ids.length > 0;
    });
  }

  /**
   * Chooses the term whose documents are read, since an index of arrays is read for one term alone: the
   * first that has few, else the one whose newest reach back furthest, and then only these are read.
   * @returns `floor`: the moment before which there is more to look at; null if there is nothing
   */
  async #narrow({ roomId, since, before, ...query }: IndexQuery) {
    const terms = termsFor(query);
    const range = { roomId, since, before };
    let [rarest, floor] = [terms[0]!, null as Date | null];
    if (terms.length > 1) {
      for (const term of terms.slice(0, MAX_COMPARED)) {
        const last = await this.#reachOf({ ...range, term });
        if (floor === null || last === null || last < floor) [rarest, floor] = [term, last];
        if (last === null) break;
      }
    }
    const others = terms.filter((term) => term !== rarest).slice(0, MAX_OTHERS);
    const scan: Scan = { roomId, since: floor ?? since, before, term: rarest, others };
    return { scan, floor };
  }

  /** The moment of the last of the newest `MAX_EXAMINED` documents; null if there are fewer. */
  async #reachOf(scan: Omit<Scan, "others">): Promise<Date | null> {
    const [last] = await this.#search.find<Pick<FoundDocument, "at">>(matchOf(scan), {
      ...this.#collections.readOptions,
      projection: { _id: 0, at: 1 },
    }).sort({ at: -1 }).skip(MAX_EXAMINED - 1).limit(1).toArray();
    return last?.at ?? null;
  }

  /** The newest of a scan, at least so many if there are: all or none of a moment. */
  async #readSome(scan: Scan, count: number) {
    const found = await this.#read(matchOf(scan), scan.others, count);
    if (found.length < count) return { documents: found, next: null };
    const next = found.at(-1)!.at;
    const later = found.filter(({ at }) => at > next);
    const last = await this.#read({ ...matchOf(scan), at: next }, scan.others);
    return { documents: [...later, ...last], next };
  }

  #read(
    match: Filter<SearchDocument>,
    others: readonly string[],
    limit = 0,
  ): Promise<FoundDocument[]> {
    // As an expression, which no index answers: the planner could choose a frequent term.
    const hasOthers = { $expr: { $setIsSubset: [{ $literal: others }, "$terms"] } };
    return this.#search.find<FoundDocument>({ ...match, ...(others.length > 0 && hasOthers) }, {
      ...this.#collections.readOptions,
      projection: { roomId: 1, seq: 1, at: 1 },
    }).sort({ at: -1 }).limit(limit).toArray();
  }

  /** Those in rooms that a user may read. */
  async #places(userId: string, found: readonly FoundDocument[]): Promise<IndexPlace[]> {
    const readable = await this.#readable(userId, new Set(found.map(({ roomId }) => roomId)));
    return found.filter(({ roomId }) => readable.has(roomId))
      .map(({ _id: messageId, ...place }) => ({ messageId, ...place }));
  }

  /** Of these rooms those that a user may read, as far as members and bans tell. */
  async #readable(userId: string, roomIds: ReadonlySet<string>): Promise<Set<string>> {
    if (roomIds.size === 0) return new Set();
    const ids = [...roomIds];
    const [rooms, members] = await Promise.all([
      this.#collections.rooms.find({ _id: { $in: ids }, deletedAt: { $exists: false } }, {
        projection: { type: 1 },
      }).toArray(),
      this.#collections.members.find({ userId, roomId: { $in: ids } }).toArray(),
    ]);
    const now = new Date();
    const byRoom = new Map(members.map((member) => [member.roomId, member]));
    const readable = rooms.filter(({ _id, type }) => {
      const { role = null, ban = null } = byRoom.get(_id) ?? {};
      return role !== null || type === "public" && !isInForce(ban, now);
    });
    return new Set(readable.map(({ _id }) => _id));
  }

  async #generation(): Promise<number> {
    const document = await this.#meta.findOne<{ generation: number }>({ _id: "search" });
    return document?.generation ?? 0;
  }

  async #progressOf(
    roomIds: readonly string[],
    generation: number,
  ): Promise<Map<string, IndexProgress>> {
    const found = await this.#progress.find({ _id: { $in: [...roomIds] }, generation }).toArray();
    return new Map(found.map(({ _id, seq, at }) => [_id, { seq, at }]));
  }

  /** Most messages are new; others replace an earlier state. */
  async #write(documents: readonly SearchDocument[]): Promise<void> {
    const known = await insertNew(this.#search, documents);
    if (known.size === 0) return;
    const replacements = Array.from(known, (i) => replacement(documents[i]!));
    await this.#search.bulkWrite(replacements, { ordered: false });
  }

  /** Returns whether the index of the room was where the part begins. */
  async #advance({ roomId, from, to }: IndexPart, generation: number): Promise<boolean> {
    try {
      // Where a later generation has one, the insertion meets it: a duplicate.
      const before = from === 0
        ? { $or: [{ generation: { $lt: generation } }, { generation, seq: 0 }] }
        : { generation, seq: from };
      const { matchedCount, upsertedCount } = await this.#progress.updateOne(
        { _id: roomId, ...before },
        { $set: { ...to, generation } },
        { upsert: from === 0 },
      );
      return matchedCount + upsertedCount > 0;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }
}

function matchOf(
  { term, roomId, since, before }: Omit<Scan, "others">,
): Filter<SearchDocument> {
  const at = { ...(since && { $gte: since }), ...(before && { $lt: before }) };
  return {
    ...(roomId !== undefined && { roomId }),
    terms: term,
    ...((since || before) && { at }),
  };
}
