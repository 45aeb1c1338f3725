/** Avatars that the server keeps: setting, showing, replacing and deleting them. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { compose } from "../src/compose.ts";
import { readConfig } from "../src/config.ts";
import { POLICIES } from "../src/services/rate_limits.ts";
import { AVATAR_SIDE } from "../src/services/files/images.ts";
import { MAX_HELD } from "../src/http/avatar_routes.ts";
import { MAX_AVATAR_BYTES } from "../src/protocol/wire/limits.ts";
import { type Account, isUnavailable } from "./harness/account.ts";
import { testInRoom } from "./harness/chat.ts";
import { get } from "./harness/files.ts";
import { patiently } from "./harness/patience.ts";
import { halves, pngHeader } from "./harness/pictures.ts";
import { PATIENT } from "./harness/server.ts";
import { until } from "./harness/stage.ts";
import { SQLITE } from "./harness/stores.ts";

const photo = await halves(1_200, 800).withExif({ IFD0: { Copyright: "Ada" } }).jpeg().toBuffer();
const other = await halves(30, 20).png().toBuffer();

async function putOnce(account: Account, body: BodyInit | null, token = account.token) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "image/jpeg" };
  const answer = await fetch(`${account.url}/auth/me/avatar`, { method: "PUT", headers, body });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

/** Puts what can be sent again, again while that is `unavailable`. */
function put(...sent: Parameters<typeof putOnce>): ReturnType<typeof putOnce> {
  return patiently(() => putOnce(...sent), isUnavailable);
}

async function set(account: Account, picture: Uint8Array): Promise<string> {
  const { status, body } = await put(account, picture.slice());
  assert.equal(status, 200, JSON.stringify(body));
  return body.user.avatarUrl;
}

/** Pictures of one user that are on their way until `end`: as many as the user may have, and more. */
class OnTheWay {
  /** What became of those that were refused, and in the end of all. */
  readonly answers: { status: number; code?: string }[] = [];
  readonly #writers: WritableStreamDefaultWriter<Uint8Array>[] = [];
  readonly #sent: Promise<unknown>[] = [];

  constructor(account: Account, count: number) {
    for (let i = 0; i < count; i++) {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>();
      this.#writers.push(writable.getWriter());
      this.#sent.push(
        putOnce(account, readable).then(({ status, body }) => {
          this.answers.push({ status, code: body.code });
        }),
      );
    }
  }

  async end(picture: Uint8Array): Promise<void> {
    for (const writer of this.#writers) {
      writer.write(picture).then(() => writer.close()).catch(() => {});
    }
    await Promise.all(this.#sent);
  }
}

function show({ url }: Account, path: string, method = "GET") {
  return get({ url, token: null }, path, {}, method);
}

testInRoom("a picture becomes a square without metadata that everybody sees", async (chat) => {
  const { ada, bob } = chat;
  const path = await set(ada.account, photo);
  assert.match(path, /^\/avatars\/[0-9a-f]{32}$/);
  const { status, headers, bytes } = await show(ada.account, path);
  assert.equal(status, 200);
  const { width, height, format, exif } = await sharp(bytes).metadata();
  assert.deepEqual([width, height, format, exif], [AVATAR_SIDE, AVATAR_SIDE, "webp", undefined]);
  assert.deepEqual(
    Object.fromEntries(
      ["content-type", "cache-control", "content-security-policy", "x-content-type-options"]
        .concat("cross-origin-resource-policy", "referrer-policy")
        .map((name) => [name, headers.get(name)]),
    ),
    {
      "content-type": "image/webp",
      "cache-control": "public, max-age=31536000, immutable",
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "cross-origin",
      "referrer-policy": "no-referrer",
    },
  );
  const id = await chat.send(ada, "Look at me");
  const { data } = await bob.socket.event("message:new", ({ message }) => message.id === id);
  assert.equal(data.message.sender.avatarUrl, path);
  assert.equal((await ada.account.request("GET", "/auth/me")).body.user.avatarUrl, path);
  const { body: { items } } = await ada.account.request("GET", "/auth/me/changes?after=0");
  assert.equal(
    items.find(({ type }: { type: string }) => type === "profile").data.user.avatarUrl,
    path,
  );
  const head = await show(ada.account, path, "HEAD");
  assert.deepEqual([head.status, head.headers.get("content-type")], [200, "image/webp"]);
  for (const answer of [{ headers }, head]) {
    assert.equal(answer.headers.get("content-length"), String(bytes.length));
  }
});

testInRoom("an avatar that a client has is not sent again", async (chat) => {
  const ada = chat.ada.account;
  const path = await set(ada, other);
  const etag = (await show(ada, path)).headers.get("etag")!;
  assert.match(etag, /^"[^"]+"$/);
  const ask = async (name: string) => {
    const answer = await fetch(ada.url + path, { headers: { [name]: etag } });
    await answer.body?.cancel();
    return answer.status;
  };
  assert.equal(await ask("if-none-match"), 304);
  assert.equal(await ask("if-match"), 200);
  await set(ada, photo);
  assert.equal(await ask("if-none-match"), 404);
});

testInRoom("a part of an avatar is answered, and no cache keeps a refusal of one", async (chat) => {
  const ada = chat.ada.account;
  const path = await set(ada, other);
  const ask = (headers: Record<string, string>) => fetch(ada.url + path, { headers });
  const part = await ask({ range: "bytes=0-3" });
  assert.deepEqual([part.status, await part.text()], [206, "RIFF"]);
  for (
    const [name, value, status] of [["range", "bytes=9999999-", 416], [
      "if-match",
      '"a"',
      412,
    ]] as const
  ) {
    const refused = await ask({ [name]: value });
    await refused.body?.cancel();
    assert.deepEqual([refused.status, refused.headers.get("cache-control")], [status, null]);
  }
});

testInRoom("a new avatar has a new path, and the one before is gone", async (chat) => {
  const ada = chat.ada.account;
  const first = await set(ada, photo);
  const second = await set(ada, other);
  assert.notEqual(first, second);
  assert.equal((await show(ada, first)).status, 404);
  assert.equal((await show(ada, first, "HEAD")).status, 404);
  assert.equal((await show(ada, second)).status, 200);
  const { status, body } = await ada.request("DELETE", "/auth/me/avatar");
  assert.deepEqual([status, body.user.avatarUrl], [200, null]);
  assert.equal((await show(ada, second)).status, 404);
  assert.equal((await ada.request("DELETE", "/auth/me/avatar")).status, 200);
});

testInRoom(
  "of avatars that are set at once one stays, and nothing is left of the others",
  async (chat) => {
    const ada = chat.ada.account;
    const before = await set(ada, other);
    const paths = await Promise.all(Array.from({ length: MAX_HELD.user }, () => set(ada, other)));
    const shown = await Promise.all([before, ...paths].map((path) => show(ada, path, "HEAD")));
    const { avatarUrl } = (await ada.request("GET", "/auth/me")).body.user;
    const kept = [before, ...paths].filter((_, i) => shown[i]!.status === 200);
    assert.deepEqual(kept, [avatarUrl]);
  },
);

testInRoom("a picture elsewhere takes the place of one that the server keeps", async (chat) => {
  const ada = chat.ada.account;
  const path = await set(ada, other);
  const avatarUrl = "https://example.com/a.png";
  const { body } = await ada.request("PATCH", "/auth/me", { avatarUrl });
  assert.equal(body.user.avatarUrl, avatarUrl);
  assert.equal((await show(ada, path)).status, 404);
  assert.match(await set(ada, other), /^\/avatars/);
});

testInRoom("a profile keeps the avatar that it has, and takes nobody else's", async (chat) => {
  const [ada, bob] = [chat.ada.account, chat.bob.account];
  const avatarUrl = await set(ada, other);
  const change = { displayName: "Countess", avatarUrl };
  assert.equal((await ada.request("PATCH", "/auth/me", change)).status, 200);
  assert.equal((await show(ada, avatarUrl)).status, 200);
  const { status, body } = await bob.request("PATCH", "/auth/me", change);
  assert.deepEqual([status, body.code, body.errors[0].path], [
    400,
    "validation_failed",
    "avatarUrl",
  ]);
  assert.equal((await bob.request("GET", "/auth/me")).body.user.displayName, "Bob");
  assert.equal((await show(ada, avatarUrl)).status, 200);
  for (const wrong of ["/avatars/a", `${avatarUrl}/..`, `${avatarUrl}?a`, "/files/a/b"]) {
    const refused = await bob.request("PATCH", "/auth/me", { avatarUrl: wrong });
    assert.equal(refused.body.code, "validation_failed", wrong);
  }
});

testInRoom(
  "what is no picture that can be an avatar is refused, and the avatar stays",
  async (chat) => {
    const ada = chat.ada.account;
    const path = await set(ada, other);
    const refused: [BodyInit | null, number, string][] = [
      [null, 415, "unsupported_media_type"],
      ["<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "unsupported_media_type"],
      [photo.slice(0, photo.length >> 1), 415, "unsupported_media_type"],
      [pngHeader(9_000, 9_000).slice(), 413, "file_too_large"],
      [new Uint8Array(MAX_AVATAR_BYTES + 1), 413, "file_too_large"],
    ];
    for (const [body, status, code] of refused) {
      const answer = await put(ada, body);
      assert.deepEqual([answer.status, answer.body.code], [status, code]);
    }
    assert.equal((await put(ada, other.slice(), "x")).status, 401);
    assert.equal((await ada.request("GET", "/auth/me")).body.user.avatarUrl, path);
    assert.equal((await show(ada, path)).status, 200);
  },
);

testInRoom("a path without an avatar is not found", async (chat) => {
  const ada = chat.ada.account;
  for (const id of ["0".repeat(32), "a", "..%2f..%2fechoroom.db", "A".repeat(32)]) {
    const { status, headers, text } = await show(ada, `/avatars/${id}`);
    assert.deepEqual([status, JSON.parse(text).code], [404, "not_found"], id);
    assert.equal(headers.get("cache-control"), null);
  }
});

testInRoom(
  "one user has a few pictures on the way at once, and others set theirs meanwhile",
  async (chat) => {
    const [ada, bob] = [chat.ada.account, chat.bob.account];
    const pictures = new OnTheWay(ada, MAX_HELD.user + 1);
    await until(() => pictures.answers.length > 0, "one more is refused");
    assert.deepEqual(pictures.answers, [{ status: 429, code: "rate_limited" }]);
    await set(bob, other);
    await pictures.end(other);
    const statuses = pictures.answers.map(({ status }) => status);
    assert.deepEqual(statuses, [429, ...Array(MAX_HELD.user).fill(200)]);
    await set(ada, other);
  },
);

testInRoom("all users together have a limited number of pictures on the way", async (chat) => {
  const count = MAX_HELD.all / MAX_HELD.user;
  const people = await chat.stage.people("Cleo", "Dan", "Eve", "Fay");
  assert.equal(people.length, count);
  const pictures = [...people, chat.ada.account].map((each) => new OnTheWay(each, MAX_HELD.user));
  const answers = () => pictures.flatMap((each) => each.answers);
  await until(() => answers().length === MAX_HELD.user, "those beyond the limit are refused");
  const refused = { status: 503, code: "unavailable" };
  assert.deepEqual(answers(), Array(MAX_HELD.user).fill(refused));
  await Promise.all(pictures.map((each) => each.end(other)));
  assert.equal(answers().filter(({ status }) => status === 200).length, MAX_HELD.all);
  await set(chat.ada.account, other);
});

testInRoom("one user sets a limited number of avatars", async (chat) => {
  const [ada, bob] = [chat.ada.account, chat.bob.account];
  for (let i = 0; i < POLICIES.avatar.points; i++) {
    assert.equal((await put(ada, "x")).status, 415);
  }
  const { status, headers, body } = await put(ada, other.slice());
  assert.deepEqual([status, body.code], [429, "rate_limited"]);
  assert.ok(Number(headers.get("retry-after")) > 0);
  await set(bob, other);
}, { RATE_LIMIT: "on" });

Deno.test("one address reads a limited number of avatars", async () => {
  const config = await readConfig({ BCRYPT_COST: "4", ...await SQLITE.fresh(), RATE_LIMIT: "on" });
  const server = await compose(config, undefined, PATIENT);
  const read = (hostname: string) =>
    server.fetch(new Request("http://localhost/avatars/a"), {
      remoteAddr: { transport: "tcp", hostname, port: 1 },
    });
  for (let i = 0; i < POLICIES.avatarRead.points; i++) {
    assert.equal((await read("192.0.2.1")).status, 404);
  }
  const { status, headers } = await read("192.0.2.1");
  assert.equal(status, 429);
  assert.ok(Number(headers.get("retry-after")) > 0);
  assert.equal((await read("192.0.2.2")).status, 404);
  await server.close();
});
