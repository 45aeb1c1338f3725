/** Limits that two instances share; run on every place for their counts by a file of its own. */
import assert from "node:assert/strict";
import { type Account, type Answer, request } from "../harness/account.ts";
import type { TestSocket } from "../harness/socket.ts";
import { sleep } from "../harness/stage.ts";
import { adaAndBob, type InstancesSetting, onPair, type Pair } from "./instances.ts";

/** Together over the limit of 60 in 10 s, each below it. */
const SENDS_EACH = 40;
/** One instance learns what another has counted when it counts itself, which takes a few sends. */
const MORE_SENDS = 15;

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
    const { ada, roomId } = await adaAndBob(pair);
    const sockets = [await pair.a.join(ada, roomId), await pair.b.join(ada, roomId)] as const;
    const send = (socket: TestSocket) => socket.call("message:send", { roomId, text: "Hello" });
    const answers = await Promise.all(
      sockets.flatMap((socket) => Array.from({ length: SENDS_EACH }, () => send(socket))),
    );
    assert.ok(answers.every(({ event }) => event === "message:ack"));
    const refused = async (socket: TestSocket) => {
      for (let i = 0; i < MORE_SENDS; i++) {
        await sleep(300);
        const { event, data } = await send(socket);
        if (event === "error") return data.code;
      }
    };
    assert.deepEqual(await Promise.all(sockets.map(refused)), ["rate_limited", "rate_limited"]);
  });

  test("one room's sends are not another's", async (pair) => {
    const { ada, roomId } = await adaAndBob(pair);
    const { id: other } = await ada.createRoom("Another");
    const socket = await pair.a.join(ada, roomId);
    const full = await Promise.all(
      Array.from({ length: 61 }, () => socket.call("message:send", { roomId, text: "Hello" })),
    );
    assert.equal(full.filter(({ event }) => event === "error").length, 1);
    const elsewhere = await pair.b.join(ada, other);
    const { event } = await elsewhere.call("message:send", { roomId: other, text: "Hello" });
    assert.equal(event, "message:ack");
  });
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
  return request(url, "POST", "/auth/login", { body: { email, password }, headers });
}
