/** What every store must keep when the server process is killed; run on each by a file of its own. */
import assert from "node:assert/strict";
import { Account } from "../harness/account.ts";
import { HANG_MS } from "../harness/deadline.ts";
import { spawnServer } from "../harness/server.ts";
import { TestSocket } from "../harness/socket.ts";
import { until } from "../harness/stage.ts";
import type { StoreSetting } from "../harness/stores.ts";

const SENDS = 1_000;
const SENDERS = 4;
/** Concurrent sends of each sender, each repeated while the database is slow. */
const UNDER_WAY = 10;
/** Messages sent again at once: each answer has a deadline of its own. */
const AT_ONCE = 100;
/** Messages that a ban is to delete; one page of history. */
const NOISE = 90;
/** The kill comes once this many were acked, while the others are under way. */
const ACKED_BEFORE_KILL = 300;

/** For so many writes to a database on a busy machine. */
const MANY_MS = 5 * HANG_MS;

export function testDurability(setting: StoreSetting): void {
  const { name, fresh } = setting;
  testBanOutlives(setting);

  Deno.test(`${name}: what was acked outlives SIGKILL in the middle of 1,000 sends`, async () => {
    const settings = await fresh();
    const first = await spawnServer(settings);
    const ada = await Account.register(first.url, "Ada");
    const room = await ada.createRoom("Durable");
    const senders = await Promise.all(
      Array.from({ length: SENDERS }, () => TestSocket.connect(ada)),
    );
    const acked = () => senders.flatMap((sender) => sender.all("message:ack"));
    const sending = senders.map((sender, n) => sendShare(sender, n, room.id));
    const isTime = () => acked().length >= ACKED_BEFORE_KILL;
    await Promise.race(senders.map((sender) => sender.find(isTime, "so many acks", MANY_MS)));
    first.kill("SIGKILL");
    await first.ended;
    await Promise.all(sending);
    await Promise.all(senders.map((sender) => sender.closed));
    const acks = acked();
    assert.ok(acks.length < SENDS, "the kill came too late to prove anything");

    const second = await spawnServer(settings);
    const log = await recoverAll({ url: second.url, token: ada.token }, room.id);

    assert.deepEqual(log.map(({ seq }) => seq), log.map((_, i) => i + 1), "seq has no hole");
    const bySeq = new Map(log.map((message) => [message.seq, message]));
    for (const ack of acks) {
      assert.equal(bySeq.get(ack.seq)?.id, ack.id);
      assert.equal(bySeq.get(ack.seq)?.clientMessageId, ack.clientMessageId);
    }
    assert.equal(new Set(log.map(({ id }) => id)).size, log.length, "each message once");

    const again = await TestSocket.connect({ url: second.url, token: ada.token });
    const resent = new Map<string, string>();
    for (let first = 0; first < SENDS; first += AT_ONCE) {
      const acks = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, i) => {
          return again.acked("message:send", message(first + i, room.id));
        }),
      );
      for (const { clientMessageId, id } of acks) resent.set(clientMessageId, id);
    }
    for (const ack of acks) {
      const repeated = resent.get(ack.clientMessageId);
      assert.equal(repeated, ack.id, "a repeated send gets its first ack again");
    }
    await again.close();
    const whole = await recoverAll({ url: second.url, token: ada.token }, room.id);
    assert.equal(whole.length, SENDS + 1, "all sends and the room's first entry, each once");
    await second.stop();
  });
}

function testBanOutlives({ name, fresh }: StoreSetting): void {
  Deno.test(`${name}: the deletions that a ban asks for outlive SIGKILL after it`, async () => {
    const settings = await fresh();
    const first = await spawnServer(settings);
    const ada = await Account.register(first.url, "Ada");
    const bob = await Account.register(first.url, "Bob");
    const room = await ada.createRoom("Durable");
    const [observer, sender] = [await TestSocket.connect(ada), await TestSocket.connect(bob)];
    await observer.call("room:join", { roomId: room.id });
    await Promise.all(Array.from({ length: NOISE }, (_, i) => {
      return sender.acked("message:send", message(i, room.id));
    }));
    const isBan = ({ message }: { message: { systemType: string } }) =>
      message.systemType === "member_banned";
    const seen = observer.event("message:new", isBan).then(() => first.kill("SIGKILL"));
    const ban = { deleteSeconds: 3_600 };
    await ada.request("PUT", `/rooms/${room.id}/bans/${bob.id}`, ban).catch(() => "it has died");
    await seen;
    await first.ended;

    const second = await spawnServer(settings);
    const again = ada.at(second.url);
    await until(
      async () => {
        const { body } = await again.request("GET", `/rooms/${room.id}/messages?limit=100`);
        // A database that is busy with the deletions may not answer in time.
        if (!body.messages) return false;
        const noise = body.messages.filter(({ system }: { system: boolean }) => !system);
        return noise.length === NOISE &&
          noise.every(({ deletedAt }: { deletedAt: string | null }) => deletedAt !== null);
      },
      "all messages are deleted",
      MANY_MS,
    );
    await second.stop();
    await Promise.all([observer, sender].map(({ closed }) => closed));
  });
}

function message(i: number, roomId: string) {
  return { roomId, text: `message ${i}`, clientMessageId: `send-${i}` };
}

/** Sends one sender's messages, a few at a time, until all are acked or the server is killed. */
async function sendShare(sender: TestSocket, n: number, roomId: string): Promise<void> {
  const share = Array.from({ length: SENDS / SENDERS }, (_, k) => n + k * SENDERS).values();
  const sendRest = async () => {
    for (const i of share) await sender.acked("message:send", message(i, roomId));
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, sendRest)).catch((error) => {
    if (sender.socket.readyState === WebSocket.OPEN) throw error;
  });
}

interface Entry {
  id: string;
  seq: number;
  clientMessageId: string;
}

/** Reads a room's whole log as a client does that was away from its beginning. */
async function recoverAll(
  account: { url: string; token: string },
  roomId: string,
): Promise<Entry[]> {
  const socket = await TestSocket.connect(account);
  const log: Entry[] = [];
  let lastSeenSeq = 0;
  let hasMore = true;
  while (hasMore) {
    const { data } = await socket.call("connection:recover", { roomId, lastSeenSeq });
    log.push(...data.messages);
    ({ hasMore, lastSeq: lastSeenSeq } = data);
  }
  await socket.close();
  return log;
}
