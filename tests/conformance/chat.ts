/** The main use, end to end: two users chat and miss nothing; run on each store by its own file. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { Account, request } from "../harness/account.ts";
import { startServer } from "../harness/server.ts";
import { TestSocket } from "../harness/socket.ts";
import { until } from "../harness/stage.ts";
import type { StoreSetting } from "../harness/stores.ts";

export function testChat({ name, fresh }: StoreSetting): void {
  Deno.test(`${name}: two people chat in a room`, async () => {
    const server = await startServer(await fresh());
    const [ada, bob] = await registerTwo(server.url);
    const room = await ada.createRoom("General");
    const a = await TestSocket.connect(ada);
    const b = await TestSocket.connect(bob);
    await a.call("room:join", { roomId: room.id });
    const joined = await b.call("room:join", { roomId: room.slug });
    assert.equal(joined.data.messages[0].text, "Ada created the room");

    const ack = await a.call("message:send", { roomId: room.id, text: "Hello" });

    for (const socket of [a, b]) {
      const { data } = await socket.event("message:new");
      assert.equal(data.seq, ack.data.seq);
      assert.equal(data.message.id, ack.data.id);
      assert.equal(data.message.text, "Hello");
      assert.deepEqual(data.message.sender, { id: ada.id, displayName: "Ada", avatarUrl: null });
    }
    await a.close();
    await b.close();
    await server.stop();
  });

  Deno.test(`${name}: who was away recovers what was said, across a restart`, async () => {
    const settings = await fresh();
    const first = await startServer(settings);
    const [ada, bob] = await registerTwo(first.url);
    const room = await ada.createRoom("General");
    const b = await TestSocket.connect(bob);
    const { data: { lastSeq } } = await b.call("room:join", { roomId: room.id });
    await b.close();
    const a = await TestSocket.connect(ada);
    for (let i = 0; i < 60; i++) await a.call("message:send", { roomId: room.id, text: `${i}` });
    await a.close();
    await first.stop();

    const second = await startServer(settings);
    const back = await TestSocket.connect({ url: second.url, token: bob.token });
    const missed = await back.call("connection:recover", { roomId: room.id, lastSeenSeq: lastSeq });
    assert.deepEqual(
      missed.data.messages.map(({ text }: { text: string }) => text),
      Array.from({ length: 60 }, (_, i) => `${i}`),
    );
    assert.equal(missed.data.hasMore, false);
    await back.close();
    await second.stop();
  });

  Deno.test(`${name}: history can be read back to the first entry, page by page`, async () => {
    const server = await startServer(await fresh());
    const [ada] = await registerTwo(server.url);
    const room = await ada.createRoom("General");
    const a = await TestSocket.connect(ada);
    for (let i = 2; i <= 25; i++) await a.call("message:send", { roomId: room.id, text: `${i}` });
    await a.close();

    const seqs: number[] = [];
    let path = `/rooms/${room.slug}/messages?limit=10`;
    for (let hasMore = true; hasMore;) {
      const { body } = await ada.request("GET", path);
      seqs.unshift(...body.messages.map(({ seq }: { seq: number }) => seq));
      path = `/rooms/${room.slug}/messages?limit=10&before=${body.messages[0].id}`;
      hasMore = body.hasMore;
    }
    assert.deepEqual(seqs, Array.from({ length: 25 }, (_, i) => i + 1));
    await server.stop();
  });

  Deno.test(`${name}: a log-out closes the session's sockets`, async () => {
    const server = await startServer(await fresh());
    const [ada] = await registerTwo(server.url);
    const socket = await TestSocket.connect(ada);
    assert.equal((await ada.logOut()).status, 204);
    assert.equal(await socket.closeCode(), 4401);
    const { body } = await ada.request("GET", "/auth/me");
    assert.equal(body.code, "session_revoked");
    await server.stop();
  });

  Deno.test(`${name}: a server that runs is ready`, async () => {
    const server = await startServer(await fresh());
    const ready = { store: "ok", files: "ok", bus: "ok", draining: "no" };
    await until(async () => {
      const { status, body } = await request(server.url, "GET", "/ready");
      return status === 200 && isDeepStrictEqual(body.checks, ready);
    }, "it is ready");
    await server.stop();
  });
}

async function registerTwo(url: string): Promise<[Account, Account]> {
  return [await Account.register(url, "Ada"), await Account.register(url, "Bob")];
}
