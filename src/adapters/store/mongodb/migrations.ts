/** Brings the documents of an earlier version up to date, in place, before the store is used. */
import { getLogger } from "@logtape/logtape";
import type { Collection, Db } from "mongodb";
import { collectionsOf, type MessageDocument } from "./documents.ts";

const logger = getLogger(["echoroom", "migration"]);

/** The version of the documents that this EchoRoom reads and writes. */
const VERSION = 2;
const DOCUMENTS_AT_ONCE = 1_000;
const PROGRESS_MS = 5_000;

interface Schema {
  _id: "schema";
  version: number;
}

/**
 * Each step may be repeated, and run by several instances at once: killed halfway, the next start
 * goes on. No instance of an earlier version may write meanwhile or afterwards.
 * @param db whose commands may take as long as they need
 * @throws Error of one line if the database was written by a later version
 */
export async function migrate(db: Db): Promise<void> {
  const meta = db.collection<Schema>("meta");
  const version = (await meta.findOne({ _id: "schema" }))?.version ?? 1;
  if (version > VERSION) {
    throw new Error(`its documents are of version ${version}, newer than this EchoRoom knows`);
  }
  if (version === VERSION) return;
  await addOrdinals(collectionsOf(db).messages);
  await meta.updateOne({ _id: "schema" }, { $set: { version: VERSION } }, { upsert: true });
}

/** To version 2: messages have an ordinal. So far every entry created one. */
async function addOrdinals(messages: Collection<MessageDocument>): Promise<void> {
  const missing = { n: { $exists: false } };
  const total = await messages.estimatedDocumentCount();
  let done = 0;
  let reported = Date.now();
  const cursor = messages.find(missing, { projection: { _id: 1 }, batchSize: DOCUMENTS_AT_ONCE });
  for await (const ids of inBatches(cursor)) {
    await messages.updateMany({ _id: { $in: ids }, ...missing }, [{ $set: { n: "$seq" } }]);
    done += ids.length;
    if (Date.now() - reported < PROGRESS_MS) continue;
    reported = Date.now();
    logger.info("Migrating messages: {done} of {total}", { done, total });
  }
}

async function* inBatches(documents: AsyncIterable<{ _id: string }>): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for await (const { _id } of documents) {
    if (batch.push(_id) < DOCUMENTS_AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
