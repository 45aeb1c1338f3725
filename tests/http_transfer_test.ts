/** How answers travel: compressed for those who take that, and not again for those who have them. */
import assert from "node:assert/strict";
import { type IncomingHttpHeaders, request as send } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { onStage, type Stage } from "./harness/stage.ts";

const BROWSER = "gzip, deflate, br, zstd";
/** What changes only with the server. */
const ASSETS = [
  "/",
  "/assets/lib/preact.js",
  "/admin",
  "/try",
  "/docs",
  "/docs/swagger-ui.css",
  "/docs/swagger-ui-bundle.js",
  "/assets/web/page.css",
  "/assets/web/chat.ts",
  "/assets/src/client/client.ts",
  "/openapi.json",
  "/asyncapi.json",
];

Deno.test("long texts are compressed for clients that accept gzip, without change", () =>
  onStage(async (stage) => {
    const { paths, headers } = await longTexts(stage);
    for (const path of paths) {
      const url = stage.server.url + path;
      const plain = await get(url, headers);
      const compressed = await get(url, { ...headers, "accept-encoding": BROWSER });
      assert.equal(compressed.headers["content-encoding"], "gzip", path);
      assert.equal(compressed.headers["content-type"], plain.headers["content-type"], path);
      assert.ok(compressed.bytes.length < plain.bytes.length * 0.6, path);
      const text = gunzipSync(compressed.bytes).toString();
      // Between two looks at them, metrics differ.
      if (path === "/metrics") assert.match(text, /^echoroom_connections /m);
      else assert.equal(text, plain.bytes.toString(), path);
    }
  }));

Deno.test("clients without gzip get long texts uncompressed, and Vary says so", () =>
  onStage(async (stage) => {
    const { paths, headers } = await longTexts(stage);
    const encodings = [undefined, "identity", "br", "gzip;q=0", "gzip;q=0, *", ""];
    for (const path of paths) {
      for (const encoding of encodings) {
        const wish = encoding === undefined ? {} : { "accept-encoding": encoding };
        const answer = await get(stage.server.url + path, { ...headers, ...wish });
        assert.equal(answer.status, 200, path);
        assert.equal(answer.headers["content-encoding"], undefined, `${path} for ${encoding}`);
        assert.match(answer.headers.vary!, /Accept-Encoding/i, path);
      }
    }
  }));

Deno.test("short answers are not compressed, nor is any that holds a token", () =>
  onStage(async (stage) => {
    const { url } = stage.server;
    const [ada] = await stage.people("Ada");
    const headers = { authorization: `Bearer ${ada.token}`, "accept-encoding": BROWSER };
    for (const path of ["/health", "/ready", "/auth/me", "/rooms", "/nowhere"]) {
      const answer = await get(url + path, headers);
      assert.equal(answer.headers["content-encoding"], undefined, path);
    }
    const displayName = "A".repeat(50);
    const account = { email: "long@example.com", password: "correct horse", displayName };
    for (const path of ["/auth/register", "/auth/login"]) {
      const answer = await get(
        url + path,
        { "content-type": "application/json", "accept-encoding": BROWSER },
        { method: "POST", body: JSON.stringify(account) },
      );
      assert.ok(JSON.parse(answer.bytes.toString()).accessToken, path);
      assert.equal(answer.headers["content-encoding"], undefined, path);
    }
  }));

Deno.test("the page's style sheets are one file, and none is left out", () =>
  onStage(async ({ server }) => {
    const { bytes } = await get(`${server.url}/assets/web/page.css`, {});
    const web = new URL("../web/", import.meta.url);
    const styles = new URL("styles/", web);
    const parts = [new URL("theme.css", web)];
    for await (const { name } of Deno.readDir(styles)) parts.push(new URL(name, styles));
    for (const part of parts) {
      assert.ok(bytes.toString().includes(await Deno.readTextFile(part)), part.pathname);
    }
  }));

Deno.test("pages, their files and the documents are answered with 304 if unchanged", () =>
  onStage(async ({ server }) => {
    for (const path of ASSETS) {
      for (const encoding of ["identity", BROWSER]) {
        const headers = { "accept-encoding": encoding };
        const first = await get(server.url + path, headers);
        const { etag } = first.headers;
        assert.equal(first.status, 200, path);
        assert.ok(first.bytes.length > 0, path);
        // Kept, but never used without asking.
        assert.equal(first.headers["cache-control"], "no-cache", path);
        for (const known of [etag!, etag!.replace("W/", ""), `"other", ${etag}`, "*"]) {
          const again = await get(server.url + path, { ...headers, "if-none-match": known });
          assert.deepEqual([again.status, again.bytes.length], [304, 0], `${path}: ${known}`);
          for (const name of ["etag", "cache-control", "vary"]) {
            assert.equal(again.headers[name], first.headers[name], `${path}: ${name}`);
          }
        }
        const old = await get(server.url + path, { ...headers, "if-none-match": 'W/"old"' });
        assert.equal(old.status, 200, path);
      }
    }
  }));

Deno.test("HEAD on an asset has the headers of GET", () =>
  onStage(async ({ server }) => {
    for (const path of ASSETS) {
      const headers = { "accept-encoding": BROWSER };
      const whole = await get(server.url + path, headers);
      const head = await get(server.url + path, headers, { method: "HEAD" });
      assert.deepEqual([head.status, head.bytes.length], [200, 0], path);
      for (const name of ["etag", "content-type", "content-encoding", "cache-control", "vary"]) {
        assert.equal(head.headers[name], whole.headers[name], `${path}: ${name}`);
      }
    }
  }));

/** Everything that is worth compressing, and what it takes to be shown it. */
async function longTexts(stage: Stage) {
  const [ada] = await stage.people("Ada");
  const room = await ada.createRoom("Tea");
  const socket = await stage.join(ada, room.id);
  for (let i = 0; i < 10; i++) {
    await ada.createRoom(`Room ${i}`);
    await socket.call("message:send", { roomId: room.id, text: `Message ${i}` });
  }
  const messages = `/rooms/${room.slug}/messages`;
  const text = "Tea? ".repeat(300);
  const { body } = await ada.request("POST", messages, { text });
  const message = `${messages}/${body.message.id}`;
  const reactors = `${message}/reactions/${encodeURIComponent("🍵")}`;
  await ada.request("PATCH", message, { text: `${text}Or cake?` });
  await ada.request("PUT", reactors);
  await ada.request("PATCH", "/auth/me", { avatarUrl: `https://a.example/${"a".repeat(1_100)}` });
  return {
    paths: [...ASSETS, "/metrics", "/rooms", messages, message, `${message}/edits`, reactors],
    headers: { authorization: `Bearer ${ada.token}` },
  };
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Uint8Array;
}

/** Not `fetch`, which undoes the compression and hides it. */
async function get(
  url: string,
  headers: Record<string, string>,
  { method = "GET", body }: { method?: string; body?: string } = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const outgoing = send(url, { method, headers, agent: false }, async (incoming) => {
    const bytes = await buffer(incoming);
    resolve({ status: incoming.statusCode!, headers: incoming.headers, bytes });
  });
  outgoing.on("error", reject);
  outgoing.end(body);
  return await promise;
}
