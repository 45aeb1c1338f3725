/** Frames are counted on arrival, and those that wait are bounded, with limits on or off. */
import assert from "node:assert/strict";
import { Metrics } from "../src/services/metrics.ts";
import { RateLimits } from "../src/services/rate_limits.ts";
import type { Access } from "../src/services/access.ts";
import { Connection } from "../src/sockets/connection.ts";
import { Router } from "../src/sockets/router.ts";
import type { Handlers } from "../src/sockets/commands/handler.ts";
import { nextTurn } from "./harness/stage.ts";

/** A router whose `auth:identify` ends when the test says, and sockets that send to it. */
function openRouter(limited: boolean) {
  const metrics = new Metrics();
  const rateLimits = new RateLimits(limited);
  const stuck = Promise.withResolvers<void>();
  const handlers = { "auth:identify": () => stuck.promise } as unknown as Handlers;
  const access = { nameOf: (_: unknown, name: string) => name } as unknown as Access;
  const router = new Router({ metrics, rateLimits, access }, handlers);
  const close = () => {
    metrics.close();
    rateLimits.close();
  };
  const open = (address: string) => new Peer(router, address);
  return { open, stuck, close };
}

/** One socket, whose first command is stuck. */
class Peer {
  readonly connection: Connection;
  readonly errors: { code: string; retryAfter?: number; event: string }[] = [];
  closeCode: number | null = null;
  readonly #router: Router;

  constructor(router: Router, address: string) {
    this.#router = router;
    const socket = {
      bufferedAmount: 0,
      send: (text: string) => void this.errors.push(JSON.parse(text).data),
      close: (code: number) => void (this.closeCode = code),
    };
    this.connection = new Connection({
      socket: socket as unknown as WebSocket,
      address,
      flusher: null,
      onClosing: () => this.connection.inbox.clear(),
    });
    this.send("auth:identify", { token: "" });
  }

  send(event: string, data: unknown): void {
    this.#router.receive(this.connection, JSON.stringify({ event, data }));
  }

  codes(): string[] {
    return this.errors.map(({ code }) => code);
  }
}

Deno.test("frames behind a stuck command count against the rate when they arrive", () => {
  const { open, close } = openRouter(true);
  const peer = open("a");
  for (let i = 0; i < 650; i++) peer.send("typing:start", { roomId: "r" });
  assert.deepEqual(new Set(peer.codes()), new Set(["rate_limited"]));
  assert.equal(peer.errors.length, 51);
  assert.ok(peer.errors.every(({ retryAfter, event }) => retryAfter! >= 1 && event !== null));
  assert.equal(peer.closeCode, null);
  for (let i = 0; i < 200; i++) peer.send("typing:start", { roomId: "r" });
  assert.equal(peer.closeCode, 4429);
  close();
});

Deno.test("a socket's frames that wait hold a mebibyte at most, four where limits are off", () => {
  for (const [limited, most] of [[true, 1], [false, 4]] as const) {
    const { open, close } = openRouter(limited);
    const peer = open("a");
    const frame = { text: "x".repeat(30_000) };
    for (let i = 0; i < 200 && peer.errors.length === 0; i++) peer.send("message:send", frame);
    assert.deepEqual(peer.codes(), ["rate_limited"]);
    assert.ok(peer.connection.inbox.bytes <= most * 1024 * 1024);
    assert.ok(peer.connection.inbox.bytes > most * 900 * 1024);
    close();
  }
});

Deno.test("the sockets of one address share what may wait, and another address has its own", () => {
  const { open, close } = openRouter(true);
  const peers = Array.from({ length: 200 }, () => open("a"));
  const frame = { text: "x".repeat(30_000) };
  for (const peer of peers) {
    for (let i = 0; i < 14; i++) peer.send("message:send", frame);
  }
  const bytes = peers.reduce((sum, { connection }) => sum + connection.inbox.bytes, 0);
  assert.ok(bytes <= 8 * 1024 * 1024, `${bytes} bytes wait`);
  assert.ok(peers.at(-1)!.codes().includes("rate_limited"));
  const other = open("b");
  other.send("message:send", frame);
  assert.deepEqual(other.codes(), []);
  close();
});

Deno.test("when the sockets of many addresses have too much waiting, more is unavailable", () => {
  const { open, close } = openRouter(false);
  const peers = Array.from({ length: 20 }, (_, i) => open(`${i}`));
  const frame = { text: "x".repeat(30_000) };
  for (const peer of peers) {
    for (let i = 0; i < 60; i++) peer.send("message:send", frame);
  }
  const bytes = peers.reduce((sum, { connection }) => sum + connection.inbox.bytes, 0);
  assert.ok(bytes <= 64 * 1024 * 1024, `${bytes} bytes wait`);
  assert.ok(peers.at(-1)!.codes().includes("unavailable"));
  close();
});

Deno.test("what waited is free again once it is handled, or its socket closes", async () => {
  const { open, stuck, close } = openRouter(true);
  const [handled, closing] = [open("a"), open("a")];
  for (const peer of [handled, closing]) {
    for (let i = 0; i < 10; i++) peer.send("nonsense", {});
  }
  closing.connection.close(4400, "closed");
  stuck.resolve();
  await nextTurn();
  await nextTurn();
  assert.equal(handled.connection.inbox.bytes, 0);
  assert.equal(closing.connection.inbox.bytes, 0);
  assert.equal(handled.errors.length, 10);
  assert.equal(closing.errors.length, 0);
  close();
});
