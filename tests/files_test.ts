/** Files over REST: uploads, downloads, tokens and deletion. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import sharp from "sharp";
import { fileToken, get, PDF, post, statusOf, upload, uploadPicture } from "./harness/files.ts";
import { concat, halves, zip } from "./harness/pictures.ts";
import { shareStage } from "./harness/shared_server.ts";
import { onStage, type Stage, until } from "./harness/stage.ts";

const onShared = shareStage();
/** A picture in so low a quality that it takes more room once it is written again. */
const noise = new Uint8Array(
  await sharp({
    create: {
      width: 300,
      height: 300,
      channels: 3,
      background: "grey",
      noise: { type: "gaussian", mean: 128, sigma: 60 },
    },
  }).jpeg({ quality: 20 }).toBuffer(),
);
/** An animation of black and white dots, which take several times as much with a loss as without. */
const dots = new Uint8Array(
  await sharp(Uint8Array.from({ length: 200 * 400 }, () => Math.random() < 0.5 ? 0 : 255), {
    raw: { width: 200, height: 400, channels: 1, pageHeight: 200 },
  }).webp({ lossless: true }).toBuffer(),
);

function test(
  sentence: string,
  act: (stage: Stage) => Promise<void>,
  settings?: Record<string, string>,
): void {
  Deno.test(sentence, () => settings ? onStage(act, settings) : onShared(act));
}

/** What the server's folder holds, also what is being written. */
async function blobsOf({ server }: Stage): Promise<string[]> {
  const found: string[] = [];
  const walk = async (path: string) => {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      if (isDirectory) await walk(`${path}/${name}`);
      else found.push(`${path}/${name}`);
    }
  };
  await walk(`${server.settings.DATA_DIR}/files`);
  return found;
}

test("bytes are stored as a file, and read back with their type", async (stage) => {
  const [ada] = await stage.people("Ada");
  const file = await upload(ada, PDF, { name: "Plan.pdf", type: "application/pdf" });
  const size = new TextEncoder().encode(PDF).length;
  const { id, createdAt, ...shown } = file;
  assert.ok(Date.parse(createdAt));
  assert.deepEqual(shown, {
    name: "Plan.pdf",
    type: "application/pdf",
    size,
    width: null,
    height: null,
    url: `/files/${id}/Plan.pdf`,
    thumbnailUrl: null,
  });
  const read = await get(ada, file.url);
  assert.equal(read.status, 200);
  assert.equal(read.text, PDF);
  assert.equal(read.headers.get("content-length"), String(size));
});

test("the name is cleaned, never refused, and may be anything in a link", async (stage) => {
  const [ada] = await stage.people("Ada");
  const names = {
    "../../etc/pass wd.txt": "pass wd.txt",
    "年 報\u202e.txt": "年 報.txt",
    "..": "file",
  };
  for (const [sent, kept] of Object.entries(names)) {
    const file = await upload(ada, "Hello", { name: sent });
    assert.equal(file.name, kept);
    assert.equal(file.url, `/files/${file.id}/${encodeURIComponent(kept)}`);
    assert.equal((await get(ada, file.url)).text, "Hello");
    assert.equal((await get(ada, `/files/${file.id}/whatever`)).text, "Hello");
  }
});

test("a form with a file is accepted as its bytes are", async (stage) => {
  const [ada] = await stage.people("Ada");
  const form = new FormData();
  form.append("note", "not a file");
  form.append("file", new File(["In a form"], "Form ü.txt", { type: "text/plain" }));
  form.append("after", "something");
  const file = await upload(ada, form, { name: null });
  assert.equal(file.name, "Form ü.txt");
  assert.equal((await get(ada, file.url)).text, "In a form");
});

test("a form may have other files beside the one that is kept", async (stage) => {
  const [ada] = await stage.people("Ada");
  const form = new FormData();
  form.append("other", new File(["x".repeat(200_000)], "other.txt"));
  form.append("file", new File(["the first"], "first.txt"));
  form.append("file", new File(["x".repeat(200_000)], "second.txt"));
  const file = await upload(ada, form, { name: null });
  assert.equal(file.name, "first.txt");
  assert.equal((await get(ada, file.url)).text, "the first");
});

test("a file in a form needs no name and no type of its own", async (stage) => {
  const [ada] = await stage.people("Ada");
  const form = new FormData();
  form.append("file", "only text");
  const file = await upload(ada, form, { name: null });
  assert.equal((await get(ada, file.url)).text, "only text");
});

test("of several names the first is taken", async (stage) => {
  const [ada] = await stage.people("Ada");
  const response = await fetch(`${ada.url}/files?name=a.txt&name=b.txt`, {
    method: "POST",
    headers: { authorization: `Bearer ${ada.token}` },
    body: "Hello",
  });
  const { file } = await response.json();
  assert.deepEqual([response.status, file?.name], [201, "a.txt"]);
});

test("a large file in a form arrives whole", async (stage) => {
  const [ada] = await stage.people("Ada");
  const form = new FormData();
  const text = "0123456789abcdef".repeat(300_000);
  form.append("file", new File([text], "long.txt"));
  const file = await upload(ada, form, { name: null });
  assert.equal(file.size, text.length);
  assert.equal((await get(ada, file.url)).text, text);
});

test("a form without a file, a broken one and one that ends early are refused", async (stage) => {
  const [ada] = await stage.people("Ada");
  const form = new FormData();
  form.append("other", new File(["Hello"], "other.txt"));
  const type = "multipart/form-data; boundary=x";
  const disposition = 'Content-Disposition: form-data; name="file"; filename="a.txt"';
  const bodies = [
    form,
    "--x\r\nnonsense",
    `--x\r\n${disposition}\r\n\r\nHello`,
    `--x\r\n${disposition}\r\n\r\n${"Hello".repeat(50_000)}`,
  ];
  for (const body of bodies) {
    const isForm = body instanceof FormData;
    const { status, body: answer } = await post(ada, body, isForm ? {} : { type });
    assert.deepEqual([status, answer.code], [400, "validation_failed"]);
  }
  const { body } = await post(ada, "Hello", { type: "multipart/form-data" });
  assert.equal(body.code, "validation_failed");
});

test("a picture loses its metadata and gets a thumbnail", async (stage) => {
  const [ada] = await stage.people("Ada");
  const exif = { IFD0: { Copyright: "SECRET PLACE" } };
  const bytes = await halves(800, 600).jpeg().withExif(exif).toBuffer();
  assert.ok(bytes.includes("SECRET PLACE"));
  const file = await upload(ada, new Uint8Array(bytes), { name: "a.jpg", type: "image/jpeg" });
  assert.deepEqual([file.type, file.width, file.height], ["image/jpeg", 800, 600]);
  const whole = await get(ada, file.url);
  assert.equal(whole.bytes.length, file.size);
  assert.ok(!Buffer.from(whole.bytes).includes("SECRET PLACE"));
  assert.equal(file.thumbnailUrl, `${file.url}?size=thumb`);
  const thumb = await get(ada, file.thumbnailUrl!);
  assert.equal(thumb.headers.get("content-type"), "image/webp");
  assert.equal(thumb.headers.get("content-length"), String(thumb.bytes.length));
  assert.equal((await sharp(thumb.bytes).metadata()).width, 480);
  const [one, other] = [whole, thumb].map(({ headers }) => headers.get("etag"));
  assert.notEqual(one, other);
});

test("an image that is small is its own thumbnail", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url, thumbnailUrl } = await uploadPicture(ada, 20, 10);
  assert.equal(thumbnailUrl, `${url}?size=thumb`);
  const [whole, thumb] = [await get(ada, url), await get(ada, thumbnailUrl!)];
  assert.deepEqual([thumb.status, thumb.bytes], [200, whole.bytes]);
  assert.equal((await get(ada, `${url}?size=large`)).status, 400);
});

test("what is no image is not found as a thumbnail", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = await upload(ada);
  assert.equal((await get(ada, `${url}?size=thumb`)).status, 404);
});

test("only images, audio and video are shown in place, and nothing acts", async (stage) => {
  const [ada] = await stage.people("Ada");
  const html = "<!doctype html><script>alert(1)</script>";
  const files = {
    inline: [await uploadPicture(ada, 20, 10)],
    attachment: [
      await upload(ada, html, { name: "page.html", type: "text/html" }),
      await upload(ada, `<svg xmlns="http://www.w3.org/2000/svg"/>`, { name: "a.svg" }),
      await upload(ada, PDF, { name: "a.pdf" }),
      await upload(ada, zip({ "a.txt": "Hello" }), { name: "a.zip" }),
    ],
  };
  for (const [how, some] of Object.entries(files)) {
    for (const { url, type } of some) {
      const { headers } = await get(ada, url);
      assert.match(headers.get("content-disposition")!, new RegExp(`^${how}; filename=`), type);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("content-security-policy"), "sandbox; default-src 'none'");
      assert.equal(headers.get("cross-origin-resource-policy"), "cross-origin");
      assert.equal(headers.get("referrer-policy"), "no-referrer");
      assert.equal(headers.get("cache-control"), "private, no-cache");
      assert.ok(!/html|svg|xml/.test(headers.get("content-type")!), type);
    }
  }
});

test("a type that is not accepted, an empty file and a false image are refused", async (stage) => {
  const [ada] = await stage.people("Ada");
  const binary = new Uint8Array(100).map((_, i) => i % 7);
  for (const [bytes, type] of [[binary, ""], ["", ""], ["text", "image/png"]] as const) {
    const { status, body } = await post(ada, bytes, type === "" ? {} : { type });
    assert.deepEqual([status, body.code], [415, "unsupported_media_type"]);
  }
  const png = await halves(20, 10).png().toBuffer();
  const { body } = await post(ada, new Uint8Array(png.subarray(0, -30)), { type: "image/png" });
  assert.equal(body.code, "unsupported_media_type");
});

test("a range is answered with its part, and one that there is not with 416", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = await upload(ada, "0123456789");
  const ranges = {
    "bytes=2-4": ["234", "bytes 2-4/10"],
    "bytes=7-": ["789", "bytes 7-9/10"],
    "bytes=-2": ["89", "bytes 8-9/10"],
    "bytes=8-100": ["89", "bytes 8-9/10"],
  };
  for (const [range, [text, contentRange]] of Object.entries(ranges)) {
    const part = await get(ada, url, { range });
    assert.deepEqual([part.status, part.text], [206, text], range);
    assert.equal(part.headers.get("content-range"), contentRange);
    assert.equal(part.headers.get("content-length"), String(text!.length));
  }
  for (const range of ["bytes=10-", "bytes=20-30"]) {
    const none = await get(ada, url, { range });
    assert.deepEqual([none.status, none.headers.get("content-range")], [416, "bytes */10"], range);
  }
  for (const range of ["bytes=0-1,5-6", "bytes=4-2", "lines=1-2", "bytes=a-b"]) {
    assert.equal((await get(ada, url, { range })).status, 200, range);
  }
});

test("a range with a condition is answered with all if the condition is not met", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = await upload(ada, "0123456789");
  const { headers } = await get(ada, url);
  const [etag, time] = [headers.get("etag")!, headers.get("last-modified")!];
  const range = "bytes=1-2";
  for (const [condition, status] of [[etag, 206], [time, 206], [`"other"`, 200]] as const) {
    assert.equal((await get(ada, url, { range, "if-range": condition })).status, status, condition);
  }
});

test("who has the bytes is told so", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = await upload(ada);
  const { headers } = await get(ada, url);
  const [etag, time] = [headers.get("etag")!, headers.get("last-modified")!];
  assert.match(etag, /^"[^"]+"$/);
  const later = new Date(Date.parse(time) + 1_000).toUTCString();
  const earlier = new Date(Date.parse(time) - 1_000).toUTCString();
  const conditions = [
    [{ "if-none-match": etag }, 304],
    [{ "if-none-match": `"a", W/${etag}` }, 304],
    [{ "if-none-match": `"a"`, "if-modified-since": later }, 200],
    [{ "if-modified-since": time }, 304],
    [{ "if-modified-since": earlier }, 200],
  ] as const;
  for (const [condition, status] of conditions) {
    const answer = await get(ada, url, condition);
    assert.equal(answer.status, status, JSON.stringify(condition));
    assert.equal(answer.headers.get("etag"), etag);
  }
});

test("HEAD is answered as GET, without the bytes", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = await upload(ada, "0123456789");
  const { status, headers, bytes } = await get(ada, url, {}, "HEAD");
  assert.deepEqual([status, headers.get("content-length"), bytes.length], [200, "10", 0]);
  // RFC 9110, 14.2: ranges are of GET alone.
  for (const range of ["bytes=0-1", "bytes=20-30"]) {
    const whole = await get(ada, url, { range }, "HEAD");
    assert.deepEqual([whole.status, whole.headers.get("content-length")], [200, "10"], range);
  }
});

test("a file whose bytes are gone is not found, with HEAD neither", async (stage) => {
  const [ada] = await stage.people("Ada");
  const before = new Set(await blobsOf(stage));
  const { url } = await upload(ada);
  for (const path of await blobsOf(stage)) if (!before.has(path)) await Deno.remove(path);
  for (const method of ["GET", "HEAD"]) {
    assert.equal((await get(ada, url, {}, method)).status, 404, method);
  }
});

test("who wants a file only as they know it is told when it is not", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = await upload(ada);
  const { headers } = await get(ada, url);
  const [etag, time] = [headers.get("etag")!, headers.get("last-modified")!];
  const earlier = new Date(Date.parse(time) - 1_000).toUTCString();
  const conditions = [
    [{ "if-match": `"a", ${etag}` }, 200],
    [{ "if-match": "*" }, 200],
    [{ "if-match": `"a"` }, 412],
    [{ "if-match": `W/${etag}` }, 412],
    [{ "if-match": etag, "if-unmodified-since": earlier }, 200],
    [{ "if-unmodified-since": time }, 200],
    [{ "if-unmodified-since": earlier }, 412],
    [{ "if-unmodified-since": "some day" }, 200],
  ] as const;
  for (const [condition, status] of conditions) {
    const answer = await get(ada, url, condition);
    assert.equal(answer.status, status, JSON.stringify(condition));
  }
});

test("what is refused of a file's link is as harmless and private as its bytes", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = await upload(ada, "0123456789");
  const refused = [
    await get(ada, "/files/unknown/a.txt"),
    await get(ada, `${url}?size=large`),
    await get(ada, url, { range: "bytes=20-30" }),
    await get(ada, url, { "if-match": `"a"` }),
    await get({ url: ada.url, token: null }, `${url}?token=nonsense`),
  ];
  assert.deepEqual(refused.map(({ status }) => status), [404, 400, 416, 412, 401]);
  for (const { status, headers } of refused) {
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("content-security-policy"), "sandbox; default-src 'none'");
    assert.equal(headers.get("cross-origin-resource-policy"), "cross-origin");
    assert.equal(headers.get("referrer-policy"), "no-referrer");
    assert.match(headers.get("cache-control")!, /^private/, String(status));
  }
});

test("a file that is in no message is its uploader's alone", async (stage) => {
  const [ada, bob] = await stage.people("Ada", "Bob");
  const file = await upload(ada);
  assert.equal(await statusOf(ada, file), 200);
  const others = [await get(bob, file.url), await get(bob, "/files/unknown/notes.txt")];
  const told = others.map(({ status, text }) => {
    const { requestId: _, ...problem } = JSON.parse(text);
    return { status, problem };
  });
  assert.deepEqual(told[0], told[1]);
  assert.deepEqual([told[0]!.status, told[0]!.problem.code], [404, "file_not_found"]);
});

test("a file is shown to a token in the link, which is good for files only", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = await upload(ada);
  const token = await fileToken(ada);
  const nobody = { url: ada.url, token: null };
  assert.equal((await get(nobody, `${url}?token=${token}`)).text, "Hello");
  assert.equal((await get({ url: ada.url, token }, url)).status, 401);
  assert.equal((await get({ url: ada.url, token }, "/auth/me")).status, 401);
  assert.equal((await post({ url: ada.url, token }, "Hello")).status, 401);
  for (const other of [ada.token, "", "nonsense"]) {
    assert.equal((await get(nobody, `${url}?token=${other}`)).status, 401);
  }
  assert.equal((await get(nobody, url)).status, 401);
  const { body } = await ada.request("POST", "/files/token");
  assert.equal(body.expiresIn, 600);
});

test("a token for files ends with its session", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = await upload(ada);
  const token = await fileToken(ada);
  await ada.logOut();
  const { status, text } = await get({ url: ada.url, token: null }, `${url}?token=${token}`);
  assert.deepEqual([status, JSON.parse(text).code], [401, "session_revoked"]);
});

test("who asks without a token may not upload, delete or get a token", async (stage) => {
  const { url } = stage.server;
  assert.equal((await post({ url, token: "" }, "Hello")).status, 401);
  for (const [method, path] of [["POST", "/files/token"], ["DELETE", "/files/a"]] as const) {
    assert.equal((await get({ url, token: null }, path, {}, method)).status, 401);
  }
});

test("an own file that is in no message is deleted, with its bytes", async (stage) => {
  const [ada, bob] = await stage.people("Ada", "Bob");
  const before = (await blobsOf(stage)).length;
  const file = await uploadPicture(ada, 800, 600);
  assert.equal((await blobsOf(stage)).length, before + 2);
  const path = `/files/${file.id}`;
  assert.equal((await bob.request("DELETE", path)).body.code, "file_not_found");
  assert.equal((await ada.request("DELETE", path)).status, 204);
  assert.equal(await statusOf(ada, file), 404);
  assert.equal((await blobsOf(stage)).length, before);
  assert.equal((await ada.request("DELETE", path)).body.code, "file_not_found");
});

test(
  "a file above the limit is refused, whatever its length is said to be, and leaves nothing",
  async (stage) => {
    const [ada] = await stage.people("Ada");
    const chunk = new TextEncoder().encode("x".repeat(64 * 1_024));
    const endless = () => {
      return new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(chunk) });
    };
    const form = new FormData();
    form.append("file", new File(["x".repeat(300 * 1_024)], "a.txt"));
    for (const body of ["x".repeat(300 * 1_024), endless(), form]) {
      const { status, body: answer } = await post(ada, body);
      assert.deepEqual([status, answer.code], [413, "file_too_large"]);
    }
    await until(async () => (await blobsOf(stage)).length === 0, "nothing is left");
    await upload(ada, "x".repeat(200 * 1_024));
  },
  { MAX_FILE_SIZE: "200KB" },
);

test(
  "files above a user's quota are refused, until others are deleted",
  async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const file = await upload(ada, "x".repeat(60 * 1_024));
    const { status, body } = await post(ada, "x".repeat(50 * 1_024));
    assert.deepEqual([status, body.code], [413, "quota_exceeded"]);
    await upload(bob, "x".repeat(50 * 1_024));
    await ada.request("DELETE", `/files/${file.id}`);
    await upload(ada, "x".repeat(50 * 1_024));
  },
  { MAX_FILES_PER_USER: "100KB", MAX_FILE_SIZE: "100KB" },
);

test(
  "what is not said to be long counts as it comes, to the last byte of the quota",
  async (stage) => {
    const [ada, bob, eve] = await stage.people("Ada", "Bob", "Eve");
    const bytes = (size: number) => new Blob(["x".repeat(size)]).stream();
    const form = (size: number) => {
      const data = new FormData();
      data.append("file", new File(["x".repeat(size)], "a.txt"));
      return data;
    };
    for (const [person, body] of [[ada, bytes], [bob, form]] as const) {
      await upload(person, "x".repeat(50_000));
      await upload(person, body(1_000));
      const left = 300 * 1_024 - 50_000 - 4_096;
      const { status, body: answer } = await post(person, body(left + 1));
      assert.deepEqual([status, answer.code], [413, "quota_exceeded"]);
      await upload(person, body(left));
    }
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(eve, bytes(90_000))));
    const accepted = answers.filter(({ status }) => status === 201).length;
    assert.ok(accepted <= 3, `${accepted} were accepted`);
    for (let i = accepted; i < 3; i++) await upload(eve, bytes(90_000));
    assert.equal((await post(eve, bytes(90_000))).body.code, "quota_exceeded");
    assert.equal((await blobsOf(stage)).length, 2 * 3 + 3, "nothing is left of the refused");
  },
  { MAX_FILES_PER_USER: "300KB" },
);

test(
  "a picture that was within the limit when it was sent is kept, if not all of its quality",
  async (stage) => {
    const [ada] = await stage.people("Ada");
    const { size } = await upload(ada, noise, { type: "image/jpeg" });
    assert.ok(size <= 2 * noise.length, `${size} bytes`);
    const { status, body } = await post(ada, concat(noise, new Uint8Array(2)), {
      type: "image/jpeg",
    });
    assert.deepEqual([status, body.code], [413, "file_too_large"]);
  },
  { MAX_FILE_SIZE: String(noise.length + 1) },
);

test(
  "a picture that takes more than twice the limit even in low quality is refused, and leaves nothing",
  async (stage) => {
    const [ada] = await stage.people("Ada");
    const { status, body } = await post(ada, dots, { type: "image/webp" });
    assert.deepEqual([status, body.code], [413, "file_too_large"]);
    assert.deepEqual(await blobsOf(stage), []);
  },
  { MAX_FILE_SIZE: String(dots.length + 1) },
);

test(
  "a picture counts against the quota for what is kept of it",
  async (stage) => {
    const [ada] = await stage.people("Ada");
    const { status, body } = await post(ada, noise, { type: "image/jpeg" });
    assert.deepEqual([status, body.code], [413, "quota_exceeded"]);
    assert.deepEqual(await blobsOf(stage), []);
    await upload(ada, "x".repeat(noise.length), { name: "a.txt" });
  },
  { MAX_FILES_PER_USER: String(noise.length + 1) },
);

test(
  "an upload that breaks off leaves nothing, and frees its room",
  async (stage) => {
    const [ada] = await stage.people("Ada");
    const { port } = new URL(stage.server.url);
    const begun = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    const head = [
      "POST /files?name=a.txt HTTP/1.1",
      "Host: localhost",
      `Authorization: Bearer ${ada.token}`,
      "Content-Length: 100000",
      "",
      "x".repeat(70_000),
    ].join("\r\n");
    await begun.write(new TextEncoder().encode(head));
    await until(async () => (await blobsOf(stage)).length === 1, "it has begun");
    // Else an empty one would be refused for that.
    assert.equal((await post(ada, "")).body.code, "quota_exceeded");
    begun.close();
    await until(async () => (await post(ada, "x".repeat(99_000))).status === 201, "it is free");
    assert.equal((await blobsOf(stage)).length, 1);
  },
  { MAX_FILES_PER_USER: "100KB", MAX_FILE_SIZE: "100KB" },
);

test(
  "only so many uploads of a user are under way at once",
  async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const open = Promise.withResolvers<void>();
    const slow = () => {
      const chunks = (async function* () {
        yield new TextEncoder().encode("x");
        await open.promise;
      })();
      return post(ada, ReadableStream.from(chunks));
    };
    const uploads = Array.from({ length: 26 }, slow);
    const first = await Promise.race(uploads);
    assert.deepEqual([first.status, first.body.code], [429, "rate_limited"]);
    await upload(bob);
    open.resolve();
    const statuses = (await Promise.all(uploads)).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 201).length, 25);
  },
  { RATE_LIMIT: "on" },
);
