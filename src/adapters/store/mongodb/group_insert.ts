/** Inserts into many rooms' logs with one command at a time: group commit, across rooms. */
import { type Collection, MongoBulkWriteError } from "mongodb";
import { Batcher } from "../../../async/batcher.ts";
import { unavailable } from "../../../domain/errors.ts";
import type { EntryDocument } from "./entry_documents.ts";
import { isDuplicateKey } from "./errors.ts";
import { type Expiring, takeExpired } from "./expiry.ts";
import { inTime, type TimeLimits } from "./time_limits.ts";

/** Documents in one command, and UTF-16 units of text in them; what is more waits for the next. */
const MAX_GROUP = { documents: 1_000, length: 1024 * 1024 } as const;

/** How many documents are stored, from the first on; with a failure it is not known. */
export type InsertOutcome = { stored: number } | { failure: unknown };

interface Insert extends Expiring {
  documents: EntryDocument[];
  settle(outcome: InsertOutcome): void;
}

/**
 * Documents that arrive while one command is under way go into the next. A server spends more on a
 * command, and on waiting for the journals of a majority, than on a document in it.
 */
export class GroupInsert {
  readonly #messages: Collection<EntryDocument>;
  readonly #limits: TimeLimits;
  readonly #inserts = new Batcher<Insert>((waiting) => this.#insertNext(waiting));

  constructor(messages: Collection<EntryDocument>, limits: TimeLimits) {
    this.#messages = messages;
    this.#limits = limits;
  }

  /**
   * Inserts the documents in their order, up to the first that a unique index refuses. Resolves once
   * a majority has those that are stored.
   */
  insert(documents: EntryDocument[]): Promise<InsertOutcome> {
    return new Promise((settle) => {
      this.#inserts.add({ documents, expiresAt: performance.now() + this.#limits.turn, settle });
    });
  }

  /**
   * As `insert`, with a command of its own. A refusal ends a whole group, and rooms that several
   * instances write to at once must not hold up the others.
   */
  async insertAlone(documents: EntryDocument[]): Promise<InsertOutcome> {
    try {
      await this.#insertMany(documents);
      return { stored: documents.length };
    } catch (failure) {
      const stored = refusedIndex(failure);
      return stored === null ? { failure } : { stored };
    }
  }

  /** The driver may wait for ever for a connection that has ended while it was full. */
  #insertMany(documents: EntryDocument[]) {
    const inserting = this.#messages.insertMany(documents, { ordered: true });
    return inTime(inserting, this.#limits.driver);
  }

  async #insertNext(waiting: Insert[]): Promise<void> {
    for (const { settle } of takeExpired(waiting)) {
      settle({ failure: unavailable("The store does not answer now.") });
    }
    const group = takeGroup(waiting);
    if (group.length === 0) return;
    try {
      const documents = group.flatMap(({ documents }) => documents);
      await this.#insertMany(documents);
      for (const { documents, settle } of group) settle({ stored: documents.length });
    } catch (failure) {
      waiting.unshift(...settleFailed(group, failure));
    }
  }
}

/**
 * An ordered insert ends at the first refusal: documents before it are stored, none after it.
 * @returns the inserts after it
 */
function settleFailed(group: Insert[], failure: unknown): Insert[] {
  const refused = refusedIndex(failure);
  if (refused === null) {
    for (const { settle } of group) settle({ failure });
    return [];
  }
  const untouched: Insert[] = [];
  let end = 0;
  for (const insert of group) {
    const start = end;
    end += insert.documents.length;
    if (start <= refused) insert.settle({ stored: Math.min(end, refused) - start });
    else untouched.push(insert);
  }
  return untouched;
}

/** Takes the first inserts that fit one command, at least one. */
function takeGroup(waiting: Insert[]): Insert[] {
  let documents = 0;
  let length = 0;
  const end = waiting.findIndex((insert, i) => {
    documents += insert.documents.length;
    for (const each of insert.documents) length += "text" in each ? each.text.length : 0;
    return i > 0 && (documents > MAX_GROUP.documents || length > MAX_GROUP.length);
  });
  return waiting.splice(0, end < 0 ? waiting.length : end);
}

/** Which document a unique index refused; null if something else, or more, went wrong. */
function refusedIndex(failure: unknown): number | null {
  if (!(failure instanceof MongoBulkWriteError) || !isDuplicateKey(failure)) return null;
  if (failure.result.getWriteConcernError()) return null;
  return [failure.writeErrors].flat()[0]?.index ?? null;
}
