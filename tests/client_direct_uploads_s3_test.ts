/** Files that the client sends straight to S3, and through the server where that cannot be done. */
import assert from "node:assert/strict";
import type { ChatMessage, Client, ClientOptions, Room } from "../src/client/mod.ts";
import { becomes, reaches, type TestBrowser } from "./harness/client.ts";
import { enter, onRoom, type RoomWorld } from "./harness/client_world.ts";
import { S3Server } from "./harness/s3_server.ts";
import { until } from "./harness/stage.ts";

type Fetch = NonNullable<ClientOptions["fetch"]>;
type Request = Parameters<Fetch>[1];

const s3 = new S3Server();
await s3.start();
Deno.test.afterAll(() => s3.remove());

const NOTE = () => new File(["Dear Ada"], "letter.txt", { type: "text/plain" });

/** A page that notes which requests of uploads it sends, by what they are for. */
class Page {
  readonly client: Client;
  readonly requests: string[] = [];
  /** Is called before a request is sent, which is not if it throws. */
  before: (kind: string, url: string, request: Request) => unknown = () => {};
  /** Is called once it is answered; the answer is lost if it throws. */
  after: (kind: string) => void = () => {};

  constructor(browser: TestBrowser, url: string) {
    const fetch: Fetch = async (url, request) => {
      const kind = kindOf(url, request);
      if (kind) this.requests.push(kind);
      if (kind) await this.before(kind, url, request);
      // Only a server gets the browser's cookies.
      const send = kind === "store" ? globalThis.fetch : browser.fetch;
      const response = await send(url, request as RequestInit);
      if (kind) this.after(kind);
      return response;
    };
    this.client = browser.open(url, { fetch });
    this.client.connect();
  }
}

function kindOf(url: string, { method }: Request): string | null {
  if (url.startsWith(s3.bucket.endpoint)) return "store";
  if (/\/files\?/.test(url)) return "server";
  if (/\/files$/.test(url)) return "announce";
  if (/\/complete$/.test(url)) return "check";
  return method === "DELETE" && /\/files\//.test(url) ? "forget" : null;
}

type Scene = RoomWorld & { page: Page; room: Room; bobs: Room };

function test(
  sentence: string,
  act: (scene: Scene) => Promise<void>,
  settings: Record<string, string> = {},
): void {
  Deno.test(sentence, () =>
    onRoom(async (world) => {
      const page = new Page(world.ada.browser, world.server.url);
      const room = await enter(page.client, world.slug);
      await act({ ...world, page, room, bobs: await enter(world.bob.client, world.slug) });
    }, { ...s3.settings, ...settings }));
}

test("the bytes of a file go to the store alone", async ({ page, room, bobs, bob }) => {
  const { id } = await room.send("Letter", { files: [NOTE()] });
  await becomes(bobs.messages, () => last(bobs).id === id);
  assert.deepEqual(page.requests, ["announce", "store", "check"]);
  const [file] = last(bobs).attachments;
  assert.deepEqual([file!.name, file!.type, file!.size], ["letter.txt", "text/plain", 8]);
  const answer = await fetch(await bob.client.fileUrl(file!.url));
  assert.equal(await answer.text(), "Dear Ada");
});

test(
  "where the store takes nothing the server does, until there is another connection",
  async ({ page, room }) => {
    page.before = (kind) => {
      if (kind === "store") throw new TypeError("It cannot be reached.");
    };
    await room.send("Both", { files: [NOTE(), NOTE()] });
    // The first place in the quota is free again: there is none for three files.
    assert.deepEqual(page.requests, ["announce", "store", "forget", "server", "server"]);
    page.before = () => {};
    page.client.disconnect();
    page.client.connect();
    await reaches(page.client.connection, "online");
    page.requests.length = 0;
    await assert.rejects(room.send("Third", { files: [NOTE()] }), { code: "quota_exceeded" });
    // The server says why it refuses what is announced.
    assert.deepEqual(page.requests, ["announce", "server"]);
  },
  { MAX_FILES_PER_USER: "10KB" },
);

test("a check whose answer was lost is repeated without the bytes", async ({ page, room }) => {
  let lost = 0;
  page.after = (kind) => {
    if (kind === "check" && lost++ === 0) throw new TypeError("The network is down.");
  };
  await room.send("Letter", { files: [NOTE()] });
  assert.deepEqual(page.requests, ["announce", "store", "check", "check"]);
});

test("a file that was deleted before its check goes through the server", async ({ page, room }) => {
  page.before = async (kind, url) => {
    const path = new URL(url).pathname.slice(1);
    if (kind === "check") await page.client.api.request("DELETE", path.replace("/complete", ""));
  };
  await room.send("Letter", { files: [NOTE()] });
  assert.deepEqual(page.requests, ["announce", "store", "check", "forget", "server"]);
});

test("an upload to the store is ended with its message", async ({ page, room }) => {
  page.before = (kind, _url, { signal }) => {
    if (kind !== "store") return;
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
  };
  const sent = room.send("Letter", { files: [NOTE()] });
  await until(() => page.requests.includes("store"), "the upload has begun");
  await room.delete(last(room));
  await assert.rejects(sent, { code: "discarded" });
  await until(() => page.requests.includes("forget"), "its place is given back");
  assert.deepEqual(page.requests, ["announce", "store", "forget"]);
});

test("what the server's check refuses makes the message fail", async ({ page, room }) => {
  const program = new File(["\x7fELF\x02\x01\x01\0\0\0\0\0"], "tool", { type: "text/plain" });
  await assert.rejects(room.send("A tool", { files: [program] }), {
    code: "unsupported_media_type",
  });
  assert.deepEqual(page.requests, ["announce", "store", "check"]);
  assert.equal(last(room).state, "failed");
});

Deno.test("a server without such a store is announced nothing", () =>
  onRoom(async ({ server, ada, slug }) => {
    const page = new Page(ada.browser, server.url);
    const room = await enter(page.client, slug);
    await room.send("Letter", { files: [NOTE()] });
    assert.deepEqual(page.requests, ["server"]);
  }));

function last({ messages }: Room): ChatMessage {
  return messages.get().at(-1)!;
}
