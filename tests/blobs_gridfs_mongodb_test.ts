/** Files' bytes in MongoDB. */
import assert from "node:assert/strict";
import { type Db, GridFSBucket, ObjectId } from "mongodb";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { GridFsBlobs } from "../src/adapters/blobs/gridfs.ts";
import { connect } from "../src/adapters/store/mongodb/connection.ts";
import { newBlobKey } from "../src/domain/blob_key.ts";
import {
  type BlobSetting,
  streamOf,
  testBlobs,
  testReplacement,
  textOf,
} from "./conformance/blobs.ts";
import { HANG_LIMITS, HANG_MS } from "./harness/deadline.ts";
import { newDatabase } from "./harness/mongodb_database.ts";
import { MongodbServer } from "./harness/mongodb_server.ts";
import { until } from "./harness/stage.ts";

const UNAVAILABLE = { name: "ChatError", code: "unavailable" };
const DAY_MS = 24 * 60 * 60 * 1_000;

const database = newDatabase();

const SETTING: BlobSetting = {
  name: "GridFS",
  async open() {
    const { client, db } = await connect(database.uri, HANG_LIMITS);
    for (const part of ["files", "chunks", "drafts"]) {
      await db.collection(`blobs.${part}`).deleteMany({});
    }
    const blobs = await GridFsBlobs.open(db, HANG_MS);
    return Object.assign(blobs, { close: () => client.close() });
  },
  countDrafts: () => onDatabase(countDrafts),
};
testBlobs(SETTING);
testReplacement(SETTING);

test("a blob that is written twice at once is one of both", async (db) => {
  const blobs = await GridFsBlobs.open(db, HANG_MS);
  const key = newBlobKey("files");
  await Promise.all(["a", "b"].map((text) => blobs.put(key, streamOf([text]), "text/plain")));
  const one = await textOf(blobs, key);
  assert.match(one, /^[ab]$/);
  assert.equal((await blobs.list(key, "", 10)).length, 1);
  await blobs.delete(key);
  assert.equal(await blobs.stat(key), null);
});

test("tools that know GridFS read a blob, with its type", async (db) => {
  const blobs = await GridFsBlobs.open(db, HANG_MS);
  const key = newBlobKey("files");
  await blobs.put(key, streamOf(["x".repeat(3_000_000)]), "text/plain");
  const bucket = new GridFSBucket(db, { bucketName: "blobs" });
  assert.equal(await text(bucket.openDownloadStreamByName(key)), "x".repeat(3_000_000));
  assert.equal((await bucket.find({ filename: key }).next())?.metadata?.contentType, "text/plain");
});

test("a blob that GridFS's tools have restored in smaller chunks is read", async (db) => {
  const blobs = await GridFsBlobs.open(db, HANG_MS);
  const bucket = new GridFSBucket(db, { bucketName: "blobs", chunkSizeBytes: 10 });
  const digits = "0123456789".repeat(10);
  const metadata = { contentType: "text/plain" };
  await new Promise((resolve, reject) => {
    const upload = bucket.openUploadStream("a/b", { metadata });
    Readable.from([new TextEncoder().encode(digits)]).pipe(upload).on("finish", resolve)
      .on("error", reject);
  });
  assert.equal(await textOf(blobs, "a/b"), digits);
  const part = await blobs.get("a/b", { start: 15, end: 34 });
  assert.equal(await new Response(part).text(), digits.slice(15, 35));
});

test("what a killed process was writing is removed a day later, at a start", async (db) => {
  const blobs = await GridFsBlobs.open(db, HANG_MS);
  await blobs.put("a/b", streamOf(["kept"]), "text/plain");
  const kept = await db.collection("blobs.files").findOne({ filename: "a/b" });
  const [old, young] = [new ObjectId(), new ObjectId()];
  for (const files_id of [old, young]) {
    await db.collection("blobs.chunks").insertOne({ files_id, n: 0, data: new Uint8Array(10) });
  }
  // One has died after its file was complete.
  await db.collection("blobs.drafts").insertMany([
    { _id: old, since: new Date(Date.now() - 1.1 * DAY_MS) },
    { _id: young, since: new Date(Date.now() - 0.9 * DAY_MS) },
    { _id: kept!._id, since: new Date(Date.now() - 1.1 * DAY_MS) },
  ]);
  const later = await GridFsBlobs.open(db, HANG_MS);
  assert.equal(await textOf(later, "a/b"), "kept");
  const _id = { $in: [old, young, kept!._id] };
  const drafts = await db.collection("blobs.drafts").distinct("_id", { _id });
  assert.deepEqual(drafts, [young]);
  assert.equal(await db.collection("blobs.chunks").countDocuments({ files_id: old }), 0);
});

test("a reader goes on with a blob that is replaced meanwhile", async (db) => {
  const blobs = await GridFsBlobs.open(db, HANG_MS);
  await blobs.put("a/b", streamOf(["x".repeat(5_000_000)]), "text/plain");
  const before = await blobs.get("a/b");
  await blobs.put("a/b", streamOf(["after"]), "text/plain");
  assert.equal(await new Response(before).text(), "x".repeat(5_000_000));
  assert.equal(await textOf(blobs, "a/b"), "after");
});

Deno.test({
  name: "a server that does not answer is unavailable, and what was being written is nowhere",
  ignore: !MongodbServer.available,
  async fn() {
    const server = new MongodbServer();
    await server.start();
    const uri = `${server.uri}/files`;
    const patient = await connect(uri, HANG_LIMITS);
    const patientBlobs = await GridFsBlobs.open(patient.db, HANG_MS);
    await patientBlobs.put("a/b", streamOf(["before"]), "text/plain");
    const { client, db } = await connect(uri);
    const blobs = await GridFsBlobs.open(db);
    const cancelled = Promise.withResolvers<void>();
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
      cancel: () => cancelled.resolve(),
    });
    const writing = blobs.put("c/d", endless, "application/zip");
    const refused = assert.rejects(writing, UNAVAILABLE);
    await until(async () => await countChunks(patient.db) > 2, "it writes");
    await server.suspend();
    await refused;
    await cancelled.promise;
    await assert.rejects(blobs.get("a/b"), UNAVAILABLE);
    await assert.rejects(blobs.ping(), UNAVAILABLE);
    server.resume();
    await until(() => blobs.ping().then(() => true, () => false), "it answers", HANG_MS);
    assert.equal(await patientBlobs.stat("c/d"), null);
    assert.equal(await textOf(patientBlobs, "a/b"), "before");
    await Promise.all([client.close(), patient.client.close()]);
    await server.remove();
  },
});

Deno.test.afterAll(() => database.drop());

function test(sentence: string, act: (db: Db) => Promise<void>): void {
  Deno.test(sentence, () => onDatabase(act));
}

async function onDatabase<T>(act: (db: Db) => Promise<T>): Promise<T> {
  const { client, db } = await connect(database.uri, HANG_LIMITS);
  try {
    return await act(db);
  } finally {
    await client.close();
  }
}

function countChunks(db: Db): Promise<number> {
  return db.collection("blobs.chunks").countDocuments();
}

/** Drafts, and chunks that belong to no file. */
async function countDrafts(db: Db): Promise<number> {
  const ids = await db.collection("blobs.files").distinct("_id");
  return await db.collection("blobs.drafts").countDocuments() +
    await db.collection("blobs.chunks").countDocuments({ files_id: { $nin: ids } });
}
