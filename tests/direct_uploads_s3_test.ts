/** Uploads that clients send to an S3 service, and that this server checks afterwards. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { beginUpload } from "../src/application/files/begin_upload.ts";
import { eraseFile } from "../src/application/files/collect_files.ts";
import { completeUpload } from "../src/application/files/complete_upload.ts";
import { sweepUploads } from "../src/application/files/sweep_uploads.ts";
import type { UploadDependencies } from "../src/application/files/upload_file.ts";
import type { Actor } from "../src/domain/actor.ts";
import { uploadKey } from "../src/domain/blob_key.ts";
import { type File, UNATTACHED_MS, UPLOAD_MS } from "../src/domain/file.ts";
import type { BlobStore, ByteRange } from "../src/ports/blobs.ts";
import type { FileUpload } from "../src/protocol/wire/files.ts";
import { Images } from "../src/services/files/images.ts";
import { UploadSlots } from "../src/services/files/upload_slots.ts";
import { createUser } from "./conformance/store/fixtures.ts";
import type { Account } from "./harness/account.ts";
import { get, PDF, post } from "./harness/files.ts";
import { halves } from "./harness/pictures.ts";
import { S3Server } from "./harness/s3_server.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { onStage, type Stage } from "./harness/stage.ts";

const s3 = new S3Server();
await s3.start();
const blobs = await s3.open();
const pdf = new TextEncoder().encode(PDF);
const ANNOUNCED = { name: "../Plan.pdf", type: "application/pdf", size: pdf.length };

Deno.test.afterAll(() => s3.remove());

function test(
  sentence: string,
  act: (ada: Account, bob: Account) => Promise<void>,
  settings: Record<string, string> = {},
): void {
  Deno.test(sentence, () =>
    onStage(async (stage: Stage) => {
      const [ada, bob] = await stage.people("Ada", "Bob");
      await act(ada, bob);
    }, { ...s3.settings, ...settings }));
}

test("a file is announced, sent to S3, completed, and read from the server", async (ada) => {
  const { file, upload } = await announce(ada);
  assert.deepEqual([file.name, file.url], ["Plan.pdf", `/files/${file.id}/Plan.pdf`]);
  assert.equal(await send(upload, pdf), 200);
  const { status, body } = await complete(ada, file.id);
  assert.equal(status, 200);
  const { createdAt: _, ...shown } = body.file;
  assert.deepEqual(shown, {
    id: file.id,
    name: "Plan.pdf",
    type: "application/pdf",
    size: pdf.length,
    width: null,
    height: null,
    url: file.url,
    thumbnailUrl: null,
  });
  assert.equal((await get(ada, file.url)).text, PDF);
  assert.deepEqual(await blobs.list("uploads/", "", 10), []);
  assert.deepEqual(await complete(ada, file.id), { status, body }, "a repeat is answered alike");
});

test("what is sent once more to the same URL changes nothing", async (ada) => {
  const { file, upload } = await announce(ada);
  await send(upload, pdf);
  await complete(ada, file.id);
  assert.equal(await send(upload, pdf.toReversed()), 200);
  assert.equal((await get(ada, file.url)).text, PDF);
  await complete(ada, file.id);
  assert.equal((await get(ada, file.url)).text, PDF);
});

test("what is sent to the URL of a file that is complete or deleted is deleted an hour later", async (ada) => {
  const [completed, deleted] = [await announce(ada), await announce(ada)];
  await send(completed.upload, pdf);
  await complete(ada, completed.file.id);
  await ada.request("DELETE", `/files/${deleted.file.id}`);
  for (const { upload } of [completed, deleted]) assert.equal(await send(upload, pdf), 200);
  const sent = [completed, deleted].map(({ file }) => uploadKey(file.id));
  const left = async () => (await blobs.list("uploads/", "", 1_000)).map(({ key }) => key);
  const now = Date.now();
  await sweepUploads({ blobs }, new Date(now + UPLOAD_MS - 60_000));
  const young = await left();
  assert.ok(sent.every((key) => young.includes(key)), "an upload may still need them");
  await sweepUploads({ blobs }, new Date(now + UPLOAD_MS + 60_000));
  assert.deepEqual(await left(), []);
  assert.equal((await get(ada, completed.file.url)).text, PDF);
});

test("a picture is cleaned and gets a thumbnail, as one that the server takes", async (ada) => {
  const picture = await halves(1_200, 800).png().withExif({ IFD0: { Artist: "Secret" } })
    .toBuffer();
  const announced = { name: "a.png", type: "image/png", size: picture.length };
  const { file, upload } = await announce(ada, announced);
  await send(upload, new Uint8Array(picture));
  const { status, body } = await complete(ada, file.id);
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual([body.file.type, body.file.width, body.file.height], ["image/png", 1_200, 800]);
  assert.ok(!(await get(ada, body.file.url)).text.includes("Secret"));
  const thumbnail = await get(ada, body.file.thumbnailUrl);
  assert.deepEqual([thumbnail.status, thumbnail.headers.get("content-type")], [200, "image/webp"]);
});

test("a file whose bytes were not sent is not ready, and is once they are", async (ada) => {
  const { file, upload } = await announce(ada);
  const early = await complete(ada, file.id);
  assert.deepEqual([early.status, early.body.code], [409, "file_not_ready"]);
  await send(upload, pdf);
  assert.equal((await complete(ada, file.id)).status, 200);
});

test("a file completed twice at once is completed once", async (ada) => {
  const { file, upload } = await announce(ada);
  await send(upload, pdf);
  const answers = await Promise.all([1, 2, 3].map(() => complete(ada, file.id)));
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200]);
  assert.equal((await get(ada, file.url)).text, PDF);
});

Deno.test("a completion that is refused destroys nothing of one that was faster", () =>
  withUpload(async ({ dependencies, actor, file, upload }) => {
    const { store } = dependencies;
    const program = pdf.with(0, 0x7f).fill(1, 4);
    program.set(new TextEncoder().encode("\x7fELF"));
    await send(upload, program);
    const { slow, copied, goOn } = slowCopies();
    const refused = completeUpload(actor, { ...dependencies, blobs: slow }, file.id);
    await copied;
    await send(upload, pdf);
    const ready = await completeUpload(actor, dependencies, file.id);
    goOn();
    await assert.rejects(refused, { code: "unsupported_media_type" });
    assert.deepEqual(await store.files.find(file.id), ready);
    const kept = (await blobs.list("files/", "", 1_000)).map(({ key }) => key);
    assert.ok(kept.includes(ready.blobKey));
    assert.equal(await new Response(await blobs.get(ready.blobKey)).text(), PDF);
    await blobs.delete(ready.blobKey);
    assert.equal((await blobs.list("files/", "", 1_000)).length, kept.length - 1);
  }));

for (const isRepeated of [false, true]) {
  const end = isRepeated ? "repeated, and the file deleted" : "not repeated";
  Deno.test(`a completion during which the server dies leaves nothing once it is ${end}`, () =>
    withUpload(async ({ dependencies, actor, file, upload }) => {
      const { store } = dependencies;
      const before = await blobs.list("", "", 1_000);
      await send(upload, pdf);
      const { slow, copied } = slowCopies();
      // Like that of a process that was killed, it never ends.
      void completeUpload(actor, { ...dependencies, blobs: slow }, file.id);
      await copied;
      if (isRepeated) await completeUpload(actor, dependencies, file.id);
      const later = new Date(Date.now() + UNATTACHED_MS + UPLOAD_MS);
      const [due] = await store.files.collect(later, later, 10);
      await eraseFile({ store, blobs }, due!);
      assert.deepEqual(await blobs.list("", "", 1_000), before);
    }));
}

test("bytes of a type that is not accepted are refused, and nothing is left of them", async (ada) => {
  const program = new Uint8Array(1_000);
  program.set(new TextEncoder().encode("\x7fELF"));
  const before = await blobs.list("", "", 1_000);
  const { file, upload } = await announce(ada, { ...ANNOUNCED, size: program.length });
  await send(upload, program);
  const { status, body } = await complete(ada, file.id);
  assert.deepEqual([status, body.code], [415, "unsupported_media_type"]);
  assert.deepEqual(await blobs.list("", "", 1_000), before);
  const again = await complete(ada, file.id);
  assert.deepEqual([again.status, again.body.code], [404, "file_not_found"]);
});

test("nobody else completes a file, or learns that it is there", async (ada, bob) => {
  const { file, upload } = await announce(ada);
  await send(upload, pdf);
  for (const id of [file.id, "nothing"]) {
    const { status, body } = await complete(bob, id);
    assert.deepEqual([status, body.code], [404, "file_not_found"]);
  }
  assert.equal((await complete({ url: ada.url, token: "" }, file.id)).status, 401);
});

test("a file that is deleted before it is completed leaves nothing on S3", async (ada) => {
  const before = await blobs.list("", "", 1_000);
  const { file, upload } = await announce(ada);
  await send(upload, pdf);
  assert.equal((await ada.request("DELETE", `/files/${file.id}`)).status, 204);
  assert.deepEqual(await blobs.list("", "", 1_000), before);
  assert.equal((await complete(ada, file.id)).body.code, "file_not_found");
});

test(
  "what is announced counts against the limits",
  async (ada) => {
    const refused = async (size: number) =>
      (await announcement(ada, { ...ANNOUNCED, size })).body.code;
    assert.equal(await refused(10_001), "file_too_large");
    await announce(ada, { ...ANNOUNCED, size: 10_000 });
    assert.equal(await refused(10_000), "quota_exceeded");
  },
  { MAX_FILE_SIZE: "10000", MAX_FILES_PER_USER: "15000" },
);

test("an announcement names what is wrong with it", async (ada) => {
  const wrong = { name: "a.txt", type: "text", size: 0 };
  const { status, body } = await announcement(ada, wrong);
  assert.deepEqual([status, body.code], [400, "validation_failed"]);
  assert.deepEqual(body.errors.map(({ path }: { path: string }) => path), ["type", "size"]);
  const { status: anonymous } = await announcement({ url: ada.url, token: "" }, ANNOUNCED);
  assert.equal(anonymous, 401);
});

test("JSON with a name in the query is a file itself", async (ada) => {
  const { status, body } = await post(ada, "[1]", { name: "a.json", type: "application/json" });
  assert.deepEqual([status, body.file.name, body.file.type], [201, "a.json", "text/plain"]);
});

test(
  "where files are in a folder nothing is announced",
  async (ada) => {
    const { status, body } = await announcement(ada, ANNOUNCED);
    assert.deepEqual([status, body.code], [415, "unsupported_media_type"]);
  },
  { S3_ENDPOINT: "", S3_BUCKET: "", S3_ACCESS_KEY_ID: "", S3_SECRET_ACCESS_KEY: "" },
);

/** A file that is announced to no server, but to its parts. */
interface Begun {
  dependencies: UploadDependencies;
  actor: Actor;
  file: File;
  upload: FileUpload;
}

async function withUpload(act: (begun: Begun) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "echoroom_" });
  const store = await openSqlite(join(folder, "echoroom.db"));
  try {
    const dependencies = {
      store,
      blobs,
      images: new Images(1),
      fileLimits: { maxFileSize: 1_000, maxFilesPerUser: 10_000 },
      uploadSlots: new UploadSlots(25),
    };
    const actor = { userId: (await createUser(store)).id } as Actor;
    const { file, upload } = await beginUpload(actor, dependencies, ANNOUNCED);
    const expiresAt = upload.expiresAt.toISOString();
    await act({ dependencies, actor, file, upload: { ...upload, expiresAt } });
  } finally {
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** The same blobs, whose copies go on when they are told to. */
function slowCopies() {
  const [copied, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow: BlobStore = Object.create(blobs, {
    presigner: { value: blobs.presigner },
    copy: {
      value: async (from: string, to: string) => {
        const isCopied = await blobs.copy(from, to);
        copied.resolve();
        await goOn.promise;
        return isCopied;
      },
    },
    stat: { value: (key: string) => blobs.stat(key) },
    get: { value: (key: string, range: ByteRange) => blobs.get(key, range) },
    delete: { value: (key: string) => blobs.delete(key) },
    list: { value: (...page: Parameters<BlobStore["list"]>) => blobs.list(...page) },
  });
  return { slow, copied: copied.promise, goOn: goOn.resolve };
}

interface Announced {
  name: string;
  type: string;
  size: number;
}

function announcement({ url, token }: Pick<Account, "url" | "token">, announced: Announced) {
  return post({ url, token }, JSON.stringify(announced), { name: null, type: "application/json" });
}

/** Announces a file that is accepted. */
async function announce(account: Account, announced: Announced = ANNOUNCED) {
  const { status, body } = await announcement(account, announced);
  assert.equal(status, 201, JSON.stringify(body));
  return body as { file: { id: string; name: string; url: string }; upload: FileUpload };
}

/** Sends bytes as the server has said. */
async function send({ url, method, headers }: FileUpload, bytes: Uint8Array): Promise<number> {
  const response = await fetch(url, { method, headers, body: bytes as Uint8Array<ArrayBuffer> });
  await response.body?.cancel();
  return response.status;
}

async function complete(
  { url, token }: Pick<Account, "url" | "token">,
  id: string,
  // deno-lint-ignore no-explicit-any -- an answer
): Promise<{ status: number; body: any }> {
  const response = await fetch(`${url}/files/${id}/complete`, {
    method: "POST",
    headers: token === "" ? {} : { authorization: `Bearer ${token}` },
  });
  return { status: response.status, body: await response.json() };
}
