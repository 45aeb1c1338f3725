/** Limits that two instances share; run on every place for their counts by a file of its own. */
import assert from "node:assert/strict";
import { POLICIES } from "../../src/services/rate_limits.ts";
import { type Account, type Answer, isUnavailable, request } from "../harness/account.ts";
import { HANG_MS } from "../harness/deadline.ts";
import { patiently } from "../harness/patience.ts";
import type { Received, TestSocket } from "../harness/socket.ts";
import { sleep, until } from "../harness/stage.ts";
import { adaAndBob, type InstancesSetting, onPair, type Pair } from "./instances.ts";

const { points: MESSAGES } = POLICIES.message;
/** Together over the limit, each below it, also with `MORE_SENDS`. */
const SENDS_EACH = 40;
/** One instance learns what another has counted when it counts itself, which takes a few sends. */
const MORE_SENDS = 15;
/** For scenes in one window of a limit, which are repeated in a new room if they take longer. */
const ROUNDS_MS = 5 * HANG_MS;

export function testSharedLimits(setting: InstancesSetting): void {
  const test = (sentence: string, act: (pair: Pair) => Promise<void>) =>
    Deno.test(
      `${setting.name}: ${sentence}`,
      () => onPair(setting, act, { RATE_LIMIT: "on", TRUST_PROXY: "1" }),
    );

  test("ten wrong passwords on two instances are too many for both", async (pair) => {
    const { ada } = await adaAndBob(pair);
    for (let i = 0; i < 5; i++) {
      assert.equal(await logIn(pair.a.server, ada, "wrong password"), 401);
      assert.equal(await logIn(pair.b.server, ada, "wrong password"), 401);
    }
    assert.equal(await logIn(pair.a.server, ada, "wrong password"), 429);
    assert.equal(await logIn(pair.b.server, ada), 429);
  });

  test("wrong passwords for one account leave another alone", async (pair) => {
    const { ada, bob } = await adaAndBob(pair);
    for (let i = 0; i < 11; i++) await logIn(pair.a.server, ada, "wrong password");
    assert.equal(await logIn(pair.b.server, bob), 200);
  });

  test("a right password on one instance clears the count on both", async (pair) => {
    const { ada } = await adaAndBob(pair);
    for (let i = 0; i < 9; i++) await logIn(pair.a.server, ada, "wrong password");
    assert.equal(await logIn(pair.b.server, ada), 200);
    for (let i = 0; i < 9; i++) {
      assert.equal(await logIn(pair.a.server, ada, "wrong password"), 401);
    }
    assert.equal(await logIn(pair.b.server, ada), 200);
  });

  test("an account's wrong passwords from all addresses are one count, and its devices are known", async (pair) => {
    const { ada } = await adaAndBob(pair);
    const { headers } = await answerTo(pair.a.server, ada);
    const cookie = headers.getSetCookie().map((text) => text.split(";")[0]).join("; ");
    for (let i = 0; i < 50; i++) {
      const { server } = i % 2 === 0 ? pair.a : pair.b;
      assert.equal(await logIn(server, ada, "wrong password", `10.0.0.${i}`), 401);
    }
    for (const { server } of [pair.a, pair.b]) {
      assert.equal(await logIn(server, ada, ada.password, "10.0.1.1"), 429);
      const { status } = await answerTo(server, ada, { "x-forwarded-for": "10.0.1.2", cookie });
      assert.equal(status, 200);
    }
  });

  test("a right password on a new device takes back its own use on both", async (pair) => {
    const { ada } = await adaAndBob(pair);
    for (let i = 0; i < 49; i++) {
      assert.equal(await logIn(pair.a.server, ada, "wrong password", `10.0.0.${i}`), 401);
    }
    for (const { server } of [pair.a, pair.b, pair.a]) {
      assert.equal(await logIn(server, ada, ada.password, "10.0.1.1"), 200);
    }
    assert.equal(await logIn(pair.b.server, ada, "wrong password", "10.0.1.2"), 401);
    assert.equal(await logIn(pair.a.server, ada, ada.password, "10.0.1.3"), 429);
  });

  test("sends on two instances are soon too many for both", async (pair) => {
    const { ada } = await adaAndBob(pair);
    await until(
      async () => {
        const { id: roomId } = await ada.createRoom("Another");
        const sockets = [await pair.a.join(ada, roomId), await pair.b.join(ada, roomId)];
        await Promise.all(sockets.map((socket) => sendMany(socket, roomId, SENDS_EACH)));
        const answers = await Promise.all(sockets.map((socket) => sendMore(socket, roomId)));
        const acks = sockets.flatMap((socket) => socket.all("message:ack"));
        assert.ok(acks.length >= MESSAGES, `${acks.length} were acked`);
        return answers.every(isLimited);
      },
      "both are refused",
      ROUNDS_MS,
    );
  });

  test("one room's sends are not another's", async (pair) => {
    const { ada } = await adaAndBob(pair);
    await until(
      async () => {
        const [{ id: roomId }, { id: other }] = [
          await ada.createRoom("One"),
          await ada.createRoom("Another"),
        ];
        const answers = await sendMany(await pair.a.join(ada, roomId), roomId, MESSAGES + 1);
        const { event } = await sendOne(await pair.b.join(ada, other), other);
        assert.equal(event, "message:ack");
        return answers.filter(isLimited).length === 1;
      },
      "one is refused",
      ROUNDS_MS,
    );
  });
}

function sendOne(socket: TestSocket, roomId: string): Promise<Received> {
  return socket.call("message:send", { roomId, text: "Hello" });
}

function sendMany(socket: TestSocket, roomId: string, count: number): Promise<Received[]> {
  return Promise.all(Array.from({ length: count }, () => sendOne(socket, roomId)));
}

/** The answer to the first send that is refused, or to the last of `MORE_SENDS`. */
async function sendMore(socket: TestSocket, roomId: string): Promise<Received> {
  for (let i = 1;; i++) {
    await sleep(300);
    const answer = await sendOne(socket, roomId);
    if (isLimited(answer) || i === MORE_SENDS) return answer;
  }
}

function isLimited({ event, data }: Received): boolean {
  return event === "error" && data.code === "rate_limited";
}

/** The status with which a log-in on this instance is answered. */
async function logIn(
  server: { url: string },
  account: Account,
  password: string = account.password,
  address = "127.0.0.1",
): Promise<number> {
  const { email } = account;
  const headers = { "x-forwarded-for": address };
  return (await answerTo(server, { email, password }, headers)).status;
}

function answerTo(
  { url }: { url: string },
  { email, password }: { email: string; password: string },
  headers: Record<string, string> = {},
): Promise<Answer> {
  const post = () => request(url, "POST", "/auth/login", { body: { email, password }, headers });
  return patiently(post, isUnavailable);
}
