/** How an upload of unknown length takes room in its owner's quota. */
import assert from "node:assert/strict";
import { reserveFile } from "../src/application/files/upload_file.ts";
import { Reservation } from "../src/application/files/reservation.ts";
import type { Actor } from "../src/domain/actor.ts";
import { createUser } from "./conformance/store/fixtures.ts";
import { openSqlite } from "./harness/sqlite_database.ts";

const MB = 1_024 * 1_024;
const CHUNK = 16_384;

interface Asked {
  left?: number;
  maxFileSize?: number;
  declaredSize?: number;
}

/** Covers sizes that rise by chunks, and tells what the store was asked for. */
async function cover(
  size: number,
  { left = 1_000 * MB, maxFileSize = 25 * MB, declaredSize = 0 }: Asked = {},
): Promise<number[]> {
  const store = await openSqlite(`${await Deno.makeTempDir()}/echoroom.db`);
  try {
    const asked: number[] = [];
    const { files } = store;
    const reserve: typeof files.reserve = (id, bytes, quota) => {
      asked.push(bytes);
      return files.reserve(id, bytes, quota);
    };
    const dependencies = {
      store: { files: { create: files.create.bind(files), reserve } } as unknown as typeof store,
      fileLimits: { maxFileSize, maxFilesPerUser: left },
    };
    const actor = { userId: (await createUser(store)).id } as Actor;
    const announced = { name: "a.txt", declaredSize };
    const upload = await reserveFile(actor, dependencies, announced);
    const reservation = new Reservation(dependencies, upload);
    for (let at = CHUNK; at < size; at += CHUNK) await reservation.cover(at);
    await reservation.cover(size);
    assert.equal((await files.find(upload.id))!.quotaBytes, asked.at(-1) ?? upload.quotaBytes);
    return asked;
  } finally {
    await store.close();
  }
}

Deno.test("a small upload and one of known length ask for nothing more", async () => {
  assert.deepEqual(await cover(4_096), []);
  assert.deepEqual(await cover(20 * MB, { declaredSize: 20 * MB }), []);
});

Deno.test("a large upload asks few times, never for more than a file may have", async () => {
  const asked = await cover(100 * MB, { maxFileSize: 101 * MB });
  assert.ok(asked.length <= 40, `${asked.length} times`);
  assert.deepEqual(asked, asked.toSorted((a, b) => a - b));
  assert.ok(asked.at(-1)! <= 101 * MB);
});

Deno.test("an upload takes all that is left, and asks few times for it", async () => {
  for (const left of [5_000, 70_000, 300_001, 20 * MB + 7]) {
    const asked = await cover(left, { left });
    assert.ok(asked.length <= 60, `${asked.length} times for ${left}`);
    assert.equal(asked.at(-1), left);
    await assert.rejects(cover(left + 1, { left }), {
      code: "quota_exceeded",
    });
  }
});
