/** The end of a server: what was accepted is finished, in time, and nothing hangs. */
// @slow: starts processes
import assert from "node:assert/strict";
import { Account, request } from "./harness/account.ts";
import { upload } from "./harness/files.ts";
import { playInTime } from "./harness/patience.ts";
import { type ServerProcess, spawnServer, startServer, type TestServer } from "./harness/server.ts";
import { until } from "./harness/stage.ts";

/** Requests are cut off after 3.5 s. */
const LATE_MS = 3_000;

/** A registration whose body has been sent but for its last half. */
class SlowRegistration {
  readonly body = { email: "ada@example.com", password: "correct horse", displayName: "Ada" };
  #connection!: Deno.Conn;
  #rest = "";

  static async begin({ url }: TestServer): Promise<SlowRegistration> {
    const registration = new SlowRegistration();
    const { hostname, port, host } = new URL(url);
    registration.#connection = await Deno.connect({ hostname, port: Number(port) });
    const text = JSON.stringify(registration.body);
    registration.#rest = text.slice(20);
    await registration.#send(
      `POST /auth/register HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${text.length}\r\nExpect: 100-continue\r\n\r\n`,
    );
    // The runtime asks for the body once the handler reads it: the request is in its hands.
    assert.match(await registration.#receive(), /^HTTP\/1.1 100 /);
    await registration.#send(text.slice(0, 20));
    return registration;
  }

  /** Sends the rest and returns the status of the answer. */
  async finish(): Promise<string> {
    await this.#send(this.#rest);
    const answer = await this.#receive();
    this.#connection.close();
    return answer.split(" ")[1] ?? answer;
  }

  close(): void {
    this.#connection.close();
  }

  async #send(text: string): Promise<void> {
    await this.#connection.write(new TextEncoder().encode(text));
  }

  async #receive(): Promise<string> {
    const buffer = new Uint8Array(65_536);
    const length = await this.#connection.read(buffer);
    return new TextDecoder().decode(buffer.subarray(0, length ?? 0));
  }
}

/** A worker that has ended already may have been the one to answer. */
async function isReady({ url }: TestServer): Promise<boolean> {
  const answer = await request(url, "GET", "/ready").catch(() => null);
  return answer?.status === 200;
}

async function logsIn(server: TestServer, { body }: SlowRegistration): Promise<number> {
  const { status } = await request(server.url, "POST", "/auth/login", { body });
  return status;
}

/**
 * Plays a scene on a server that `end` sends SIGTERM; anew if it fails after the test itself was later
 * than the end of requests.
 */
async function playEnding(
  WORKERS: string,
  scene: (server: ServerProcess, end: () => Promise<void>) => Promise<void>,
): Promise<void> {
  let begun = Infinity;
  await playInTime(async () => {
    const server = await spawnServer({ WORKERS });
    await scene(server, async () => {
      begun = performance.now();
      server.kill("SIGTERM");
      await until(async () => !await isReady(server), "it is on its way out");
    });
  }, () => performance.now() - begun > LATE_MS);
}

for (const WORKERS of ["1", "2"]) {
  Deno.test(`SIGTERM, ${WORKERS} worker(s): a request under way is answered and its work is kept`, async () => {
    await playEnding(WORKERS, async (server, end) => {
      const slow = await SlowRegistration.begin(server);
      await end();
      assert.equal(await slow.finish(), "201");
      assert.equal((await server.ended).code, 0);
      const next = await startServer(server.settings);
      assert.equal(await logsIn(next, slow), 200);
      await next.stop();
    });
  });

  Deno.test(`SIGTERM, ${WORKERS} worker(s): a body that never comes holds up nothing`, async () => {
    const server: ServerProcess = await spawnServer({ WORKERS });
    const slow = await SlowRegistration.begin(server);
    server.kill("SIGTERM");
    assert.equal((await server.ended).code, 0);
    assert.doesNotMatch(server.output(), /error|rejected/i);
    slow.close();
  });

  Deno.test(`SIGTERM, ${WORKERS} worker(s): a file under way arrives to its end`, async () => {
    await playEnding(WORKERS, async (server, end) => {
      const ada = await Account.register(server.url, "Ada");
      const size = 20 * 1024 * 1024;
      const { url } = await upload(ada, " ".repeat(size));
      const response = await fetch(server.url + url, {
        headers: { authorization: `Bearer ${ada.token}` },
      });
      await end();
      assert.equal((await response.arrayBuffer()).byteLength, size);
      assert.equal((await server.ended).code, 0);
    });
  });
}
