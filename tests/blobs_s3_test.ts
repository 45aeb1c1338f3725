/** Files' bytes on an S3 server that checks signatures. */
import assert from "node:assert/strict";
import { S3Requests } from "../src/adapters/blobs/s3/requests.ts";
import { S3Blobs } from "../src/adapters/blobs/s3/store.ts";
import { newBlobKey } from "../src/domain/blob_key.ts";
import { streamOf, testBlobs, textOf } from "./conformance/blobs.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { playInTime } from "./harness/patience.ts";
import { S3Server } from "./harness/s3_server.ts";
import { runMain, spawnServer } from "./harness/server.ts";
import { until } from "./harness/stage.ts";

const UNAVAILABLE = { name: "ChatError", code: "unavailable" };

const server = new S3Server();
await server.start();
const requests = new S3Requests(server.bucket);

Deno.test.beforeEach(() => server.resume());
Deno.test.afterAll(() => server.remove());

testBlobs({
  name: "S3",
  async open() {
    const blobs = await server.open();
    for (const { key } of await blobs.list("", "", 1_000)) await blobs.delete(key);
    return blobs;
  },
  async countDrafts() {
    const query = { uploads: "" };
    const answer = await requests.send({ method: "GET", key: "", query, limit: HANG_MS });
    return (await answer.text()).split("<UploadId>").length - 1;
  },
});

Deno.test("a signed upload is taken once it has exactly the size and type it was signed for", async () => {
  const blobs = await server.open();
  const key = newBlobKey("files");
  const upload = await blobs.presigner.presign(key, { size: 5, type: "image/png" });
  assert.ok(upload.expiresAt.getTime() > Date.now());
  const send = async (body: string, headers = upload.headers, url = upload.url) => {
    const answer = await fetch(url, { method: upload.method, headers, body });
    await answer.body?.cancel();
    return answer.status;
  };
  assert.equal(await send("123456"), 403);
  assert.equal(await send("1234"), 403);
  assert.equal(await send("12345", { "content-type": "text/html" }), 403);
  assert.equal(
    await send("12345", upload.headers, upload.url.replace(key, newBlobKey("files"))),
    403,
  );
  assert.equal(await blobs.stat(key), null);
  assert.equal(await send("12345"), 200);
  assert.equal(await textOf(blobs, key), "12345");
  assert.equal((await blobs.list("", "", 10)).filter((blob) => blob.key === key).length, 1);
});

Deno.test("a blob keeps its type, however large it is", async () => {
  const blobs = await server.open();
  for (const size of [3, 6_000_000]) {
    const key = newBlobKey("files");
    await blobs.put(key, streamOf(["x".repeat(size)]), "image/webp");
    const answer = await requests.send({ method: "HEAD", key, limit: HANG_MS });
    assert.equal(answer.headers.get("content-type"), "image/webp");
  }
});

Deno.test("more blobs are listed than the service lists at once", async () => {
  const blobs = await server.open();
  const keys = Array.from({ length: 1_005 }, (_, i) => `many/${String(i).padStart(4, "0")}`);
  const rest = [...keys];
  await Promise.all(Array.from({ length: 20 }, async () => {
    for (let key = rest.pop(); key !== undefined; key = rest.pop()) {
      await blobs.put(key, streamOf(["x"]), "text/plain");
    }
  }));
  const listed = async (limit: number) =>
    (await blobs.list("many/", "", limit)).map(({ key }) => key);
  assert.deepEqual(await listed(2_000), keys);
  assert.deepEqual(await listed(1_003), keys.slice(0, 1_003));
});

Deno.test("objects of others between the blobs are passed over, whatever they are called", async () => {
  const blobs = await server.open();
  const foreign = ["foreign/a%26b", "foreign/a%20b", "foreign/%C3%A4"];
  for (const key of foreign) {
    const answer = await requests.send({ method: "PUT", key, limit: HANG_MS });
    await answer.body?.cancel();
  }
  for (const key of ["foreign/a", "foreign/c"]) await blobs.put(key, streamOf(["x"]), "text/plain");
  const listed = async (limit: number) =>
    (await blobs.list("foreign/", "foreign/a", limit)).map(({ key }) => key);
  assert.deepEqual(await listed(1), ["foreign/c"]);
  assert.deepEqual(await listed(10), ["foreign/c"]);
});

Deno.test("a wrong secret, an unknown key and a missing bucket are refused at the start", async () => {
  const cases: [Partial<S3Server["bucket"]>, RegExp][] = [
    [{ secretAccessKey: "wrong" }, /403 SignatureDoesNotMatch/],
    [{ accessKeyId: "nobody" }, /answered 40[34] \w+: /],
    [{ bucket: "nowhere" }, /404 NoSuchBucket/],
  ];
  for (const [change, message] of cases) {
    await assert.rejects(S3Blobs.open({ ...server.bucket, ...change }, HANG_MS), { message });
  }
});

Deno.test("a bucket that is gone is unavailable, and its blobs are not taken for missing", async () => {
  const own = new S3Server();
  await own.start();
  const blobs = await own.open();
  await new S3Requests(own.bucket).send({ method: "DELETE", key: "", limit: HANG_MS });
  await assert.rejects(blobs.get("a/b"), UNAVAILABLE);
  await assert.rejects(blobs.ping(), UNAVAILABLE);
  await assert.rejects(blobs.list("", "", 10), UNAVAILABLE);
  await own.remove();
});

Deno.test("a server that falls silent is unavailable, in the midst of a read and a write too", async () => {
  const own = new S3Server();
  await own.start();
  const patient = await own.open();
  const size = 50_000_000;
  await patient.put("a/b", streamOf(["x".repeat(size)]), "text/plain");
  const blobs = await own.open(5_000);
  const reader = await readFirst(blobs, "a/b");
  await own.suspend();
  await assert.rejects(async () => {
    while (!(await reader.read()).done);
  }, UNAVAILABLE);
  await assert.rejects(blobs.stat("a/b"), UNAVAILABLE);
  await assert.rejects(blobs.ping(), UNAVAILABLE);
  own.resume();
  await until(() => blobs.ping().then(() => true, () => false), "it answers", HANG_MS);
  await own.kill();
  const large = streamOf(["x".repeat(6_000_000)]);
  await assert.rejects(blobs.put("c/d", large, "text/plain"), UNAVAILABLE);
  await own.remove();
});

/** Begins to read a blob, anew while the server is late. */
async function readFirst(blobs: S3Blobs, key: string) {
  let isLate = true;
  let reader!: ReadableStreamDefaultReader<Uint8Array>;
  await playInTime(async () => {
    reader = (await blobs.get(key))!.getReader();
    await reader.read();
    isLate = false;
  }, () => isLate);
  return reader;
}

// What a real server cannot be made to answer.
const refusal = (status: number, code: string) =>
  new Response(`<Error><Code>${code}</Code><Message>No.</Message></Error>`, { status });

Deno.test("a service that is busy is asked again, twice", () =>
  onScript([503, 500, 200, 503, 503, 503], async (blobs, asked) => {
    assert.equal(await blobs.put("a/b", streamOf(["x"]), "text/plain"), 1);
    await assert.rejects(blobs.put("a/b", streamOf(["x"]), "text/plain"), UNAVAILABLE);
    assert.equal(asked().length, 6);
  }));

Deno.test("a service without room is a full disk", () =>
  onScript([refusal(507, "XMinioStorageFull"), refusal(403, "QuotaExceeded")], async (blobs) => {
    for (const key of ["a/b", "a/c"]) {
      const full = { ...UNAVAILABLE, message: "The disk of files is full." };
      await assert.rejects(blobs.put(key, streamOf(["x"]), "text/plain"), full);
    }
  }));

Deno.test("a list goes on after a page that is empty, where its token says", () => {
  const page = (inner: string) => new Response(`<ListBucketResult>${inner}</ListBucketResult>`);
  const next = "<NextContinuationToken>a&amp;&#98;&#x3C;</NextContinuationToken>";
  const blob = "<Contents><Key>a/b</Key><Size>1</Size></Contents>";
  return onScript([page(next), page(blob)], async (blobs, asked) => {
    assert.deepEqual((await blobs.list("", "a/a", 5)).map(({ key }) => key), ["a/b"]);
    assert.deepEqual(asked().map((url) => Object.fromEntries(url.searchParams)), [
      { "list-type": "2", "max-keys": "5", "start-after": "a/a" },
      { "list-type": "2", "max-keys": "5", "continuation-token": "a&b<" },
    ]);
  });
});

Deno.test("a copy that is refused after its answer has begun is refused", () =>
  onScript([refusal(200, "InternalError")], async (blobs) => {
    await assert.rejects(blobs.copy("a/b", "a/c"), UNAVAILABLE);
  }));

Deno.test("an answer that has no end is given up, of a success and of a refusal", () => {
  const endless = (status: number) => new Response(new ReadableStream(), { status });
  return onScript([endless(200), endless(403), endless(403)], async (blobs) => {
    await assert.rejects(blobs.list("", "", 1), UNAVAILABLE);
    await assert.rejects(blobs.delete("a/b"), UNAVAILABLE);
    await assert.rejects(blobs.put("a/b", streamOf(["x"]), "text/plain"), UNAVAILABLE);
  }, 100);
});

Deno.test("a server names S3 on its start line and its secret nowhere, and is ready", async () => {
  const chat = await spawnServer(server.settings);
  const ready = await (await fetch(`${chat.url}/ready`)).json();
  assert.equal(ready.checks.files, "ok");
  await chat.stop();
  assert.ok(chat.output().includes(`; files: S3 (${server.bucket.endpoint}/echoroom); bus: `));
  assert.ok(!chat.output().includes(server.bucket.secretAccessKey));
});

Deno.test("S3 that cannot be used stops the start with one line, without the secret", async () => {
  const wrong = { ...server.settings, S3_SECRET_ACCESS_KEY: "hush" };
  const DATA_DIR = await Deno.makeTempDir();
  const { code, output } = await runMain({ DATA_DIR, ...wrong });
  assert.equal(code, 1);
  assert.match(
    output,
    /^EchoRoom cannot start: S3_ENDPOINT cannot be used: .*403 Sig[^\n]*; start [^\n]*\n$/,
  );
  assert.ok(!output.includes("hush"));
});

/** Opens a bucket whose service answers what the script says, in this order, once it was opened. */
async function onScript(
  script: (Response | number)[],
  act: (blobs: S3Blobs, asked: () => URL[]) => Promise<void>,
  stepMs = HANG_MS,
): Promise<void> {
  const answers = [200, ...script].values();
  const asked: URL[] = [];
  const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
  const listener = Deno.serve(options, ({ url }) => {
    asked.push(new URL(url));
    const next = answers.next().value ?? 404;
    return typeof next === "number" ? new Response(null, { status: next }) : next;
  });
  try {
    const endpoint = `http://127.0.0.1:${listener.addr.port}`;
    await act(await S3Blobs.open({ ...server.bucket, endpoint }, stepMs), () => asked.slice(1));
  } finally {
    await listener.shutdown();
  }
}
