/** Client addresses: one count for one client, however its address is spelt. */
import assert from "node:assert/strict";
import { countedAddress } from "../src/http/client_address.ts";
import { request } from "./harness/account.ts";
import { playWithin } from "./harness/patience.ts";
import { RawSocket } from "./harness/raw_socket.ts";
import { onStage } from "./harness/stage.ts";

/** After which a socket that has not identified itself is closed. */
const IDENTIFY_MS = 10_000;

const IPV4 = [
  "1.2.3.4",
  " 1.2.3.4 ",
  "1.2.3.4:5678",
  "1.2.3.4:",
  '"1.2.3.4:5678"',
  "001.002.003.004",
  "::ffff:1.2.3.4",
  "::FFFF:1.2.3.4",
  "::ffff:0102:0304",
  "::ffff:102:304",
  "0:0:0:0:0:ffff:1.2.3.4",
  "0000:0000:0000:0000:0000:ffff:0102:0304",
  "[::ffff:1.2.3.4]",
  "[::ffff:1.2.3.4]:5678",
  "[::ffff:1.2.3.4]:",
  "::ffff:1.2.3.4:5678",
  "::ffff:1.2.3.4:",
  "0:0:0:0:0:ffff:1.2.3.4:5678",
  "0:0:0:0:0:ffff:102:304:5678",
  "::ffff:1.2.3.4%eth0",
  "64:ff9b::1.2.3.4",
];

const IPV6 = [
  "2001:db8:1:2::1",
  "2001:db8:1:2::2",
  "2001:DB8:1:2::1",
  "2001:0db8:0001:0002:0000:0000:0000:0001",
  "2001:db8:1:2:ffff:ffff:ffff:ffff",
  "2001:db8:1:2:0:0:0:1",
  "[2001:db8:1:2::1]",
  "[2001:db8:1:2::1]:443",
  '"[2001:db8:1:2::1]:443"',
  "2001:db8:1:2::1%eth0",
  "[2001:db8:1:2::1%25eth0]:443",
  "2001:db8:1:2::1.2.3.4",
  "2001:db8:1:2::1.2.3.4:443",
  "2001:db8:1:2:0:0:0:1:443",
];

const GARBAGE = [
  "",
  "unknown",
  "_hidden",
  "localhost",
  "1",
  "127.1",
  "0x7f.0.0.1",
  "1.2.3",
  "1.2.3.256",
  "1.2.3.4.5",
  "1.2.3.4:123456",
  "1.2.3.4:5:6",
  "::ffff:1.2.3.4:123456",
  "[1:2",
  "1:2:3:4:5:6:7:8:9:10",
  "::g",
  ":::",
  "2001:db8::1::2",
  "<script>",
  "9".repeat(10_000),
  `2001:db8::1%${"e".repeat(10_000)}`,
];

Deno.test("spellings of one IPv4 address are the same address", () => {
  for (const text of IPV4) assert.equal(countedAddress(text), "1.2.3.4", text);
});

Deno.test("addresses of one 64-bit network are the same address, in any spelling", () => {
  for (const text of IPV6) assert.equal(countedAddress(text), "2001:db8:1:2::/64", text);
});

Deno.test("different addresses are different", () => {
  const texts = ["1.2.3.4", "1.2.3.5", "2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8::1", "::1"];
  assert.equal(new Set(texts.map(countedAddress)).size, texts.length);
});

Deno.test("an invalid address is not an address", () => {
  for (const text of GARBAGE) assert.equal(countedAddress(text), null, text.slice(0, 60));
});

/** Fails to register, and says how many registrations the address has left. */
async function left(url: string, forwarded: string): Promise<number> {
  const { headers } = await request(url, "POST", "/auth/register", {
    headers: { "x-forwarded-for": forwarded },
    body: { email: "taken@example.com", password: "correct horse", displayName: "Ada" },
  });
  return Number(headers.get("ratelimit")!.match(/"register";r=(\d+)/)![1]);
}

Deno.test("spellings of one address share its limits, behind proxies that append a port too", () =>
  onStage(async ({ server }) => {
    let expected = 30;
    for (const text of IPV4) assert.equal(await left(server.url, text), --expected, text);
    expected = 30;
    for (const text of IPV6) assert.equal(await left(server.url, text), --expected, text);
  }, { RATE_LIMIT: "on", TRUST_PROXY: "1" }));

Deno.test("if the trusted proxy names no address, the proxy's own is counted", () =>
  onStage(async ({ server }) => {
    let expected = 30;
    for (const text of GARBAGE.map((text) => `1.2.3.4, ${text}`)) {
      assert.equal(await left(server.url, text), --expected, text.slice(0, 60));
    }
    assert.equal(await left(server.url, "127.0.0.1"), --expected);
  }, { RATE_LIMIT: "on", TRUST_PROXY: "1" }));

Deno.test("of several X-Forwarded-For lines the trusted proxies' entries count", () =>
  onStage(async ({ server }) => {
    const from = async (...lines: string[]) => {
      const headers = new Headers({ "content-type": "application/json" });
      for (const line of lines) headers.append("x-forwarded-for", line);
      const response = await fetch(`${server.url}/auth/register`, {
        method: "POST",
        headers,
        body: '{"email":"taken@example.com","password":"correct horse","displayName":"Ada"}',
      });
      await response.body?.cancel();
      return response.headers.get("ratelimit")!.match(/r=(\d+)/)![1];
    };
    assert.equal(await from("9.9.9.9", "1.2.3.4, 10.0.0.1"), "29");
    assert.equal(await from("8.8.8.8, 1.2.3.4:99", "10.0.0.2"), "28");
    assert.equal(await from("1.2.3.4", "5.6.7.8", "10.0.0.1"), "29");
    assert.equal(await from("1.2.3.4"), "27");
  }, { RATE_LIMIT: "on", TRUST_PROXY: "2" }));

Deno.test("a network's 201st socket is refused, whichever of its addresses opens it", () =>
  playWithin(IDENTIFY_MS, () =>
    onStage(async (stage) => {
      const from = (n: number) => `2001:db8:1:2:${n.toString(16)}::${(n * 7).toString(16)}`;
      await Promise.all(
        Array.from(
          { length: 200 },
          (_, n) => stage.open({ headers: { "x-forwarded-for": from(n) } }),
        ),
      );
      const answer = async (forwarded: string) => {
        const socket = await RawSocket.open(stage.server.url, { "X-Forwarded-For": forwarded });
        socket.drop();
        return socket.answer;
      };
      assert.match(await answer(from(300)), /^HTTP\/1\.1 429 /);
      assert.match(await answer("2001:db8:1:3::1"), /^HTTP\/1\.1 101 /);
    }, { RATE_LIMIT: "on", TRUST_PROXY: "1" })));
