/** Guessing one account's password from many addresses, and its owner meanwhile. */
// @slow: hashes many passwords
import assert from "node:assert/strict";
import { KnownDevices } from "../src/services/known_devices.ts";
import { loginLimits, settleLogin } from "../src/services/login_limits.ts";
import { RateLimits } from "../src/services/rate_limits.ts";
import { type Account, type Answer, request } from "./harness/account.ts";
import { onStage, type Stage } from "./harness/stage.ts";

const WRONG = "wrong password";
/** Wrong passwords that new devices have together for an account in an hour. */
const NEW_DEVICES = 50;
const YEAR = 365 * 24 * 60 * 60;

interface Attempt {
  email: string;
  password: string;
  /** A new address by default. */
  address?: string;
  cookie?: string | undefined;
}

let addresses = 0;

function newAddress(): string {
  addresses++;
  return `10.${addresses >> 16 & 255}.${addresses >> 8 & 255}.${addresses & 255}`;
}

function logIn(url: string, attempt: Attempt): Promise<Answer> {
  const { email, password, address = newAddress(), cookie } = attempt;
  return request(url, "POST", "/auth/login", {
    body: { email, password },
    headers: { "x-forwarded-for": address, ...(cookie === undefined ? {} : { cookie }) },
  });
}

/** The device cookie that an answer sets, as `Cookie` wants it. */
function deviceCookie({ headers }: Answer): string {
  return headers.getSetCookie().find((cookie) => cookie.startsWith("known_device="))!
    .split(";")[0]!;
}

/** The statuses of wrong passwords for an account, each from an address of its own. */
async function guess(url: string, email: string, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < times; i++) {
    statuses.push((await logIn(url, { email, password: WRONG })).status);
  }
  return statuses;
}

/** Signs in on a new device and gives its cookie. */
async function newDevice(url: string, { email, password }: Account, cookie?: string) {
  const answer = await logIn(url, { email, password, cookie });
  assert.equal(answer.status, 200);
  return deviceCookie(answer);
}

function test(sentence: string, act: (stage: Stage) => Promise<void>): void {
  Deno.test(
    sentence,
    () => onStage(act, { RATE_LIMIT: "on", TRUST_PROXY: "1" }),
  );
}

test("wrong passwords for one account are counted over all addresses", async (stage) => {
  const [ada, bob] = await stage.people("Ada", "Bob");
  const { url } = stage.server;
  assert.deepEqual(await guess(url, ada.email, NEW_DEVICES), Array(NEW_DEVICES).fill(401));
  const answer = await logIn(url, { email: ada.email, password: WRONG });
  assert.deepEqual([answer.status, answer.body.code], [429, "rate_limited"]);
  assert.ok(Number(answer.headers.get("retry-after")) > 0);
  assert.match(answer.headers.get("ratelimit-policy")!, /^"loginNewDevice";q=50;w=3600$/);
  assert.equal((await logIn(url, bob)).status, 200, "another account");
});

test("an attack gets the same answers whether or not the account exists", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = stage.server;
  const known = await guess(url, ada.email, NEW_DEVICES + 5);
  const unknown = await guess(url, "nobody@example.com", NEW_DEVICES + 5);
  assert.deepEqual(known, unknown);
  assert.equal((await logIn(url, ada)).status, 429, "the right password is refused alike");
});

test("the owner's device signs in during an attack, from any address", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = stage.server;
  const cookie = await newDevice(url, ada);
  await guess(url, ada.email, NEW_DEVICES + 10);
  const { email, password } = ada;
  assert.equal((await logIn(url, { email, password })).status, 429, "a new device");
  for (let i = 0; i < 3; i++) {
    assert.equal((await logIn(url, { email, password, cookie })).status, 200);
  }
});

test("the owner's device signs in where another uses up the limits of its address", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = stage.server;
  const address = newAddress();
  const cookie = await newDevice(url, ada);
  for (let i = 0; i < 11; i++) await logIn(url, { email: ada.email, password: WRONG, address });
  for (let i = 0; i < 100; i++) {
    await logIn(url, { email: `nobody${i}@example.com`, password: WRONG, address });
  }
  const { email, password } = ada;
  assert.equal((await logIn(url, { email, password, address })).status, 429);
  assert.equal((await logIn(url, { email, password, address, cookie })).status, 200);
});

test("registration and refresh make a device known, and it stays so after signing out", async (stage) => {
  const { url } = stage.server;
  const email = "ada@example.com";
  const password = "correct horse";
  const registered = await request(url, "POST", "/auth/register", {
    body: { email, password, displayName: "Ada" },
  });
  const [session] = registered.headers.getSetCookie().map((cookie) => cookie.split(";")[0]!);
  const refreshed = await request(url, "POST", "/auth/refresh", { headers: { cookie: session! } });
  const signedOut = await request(url, "POST", "/auth/logout", {
    headers: { cookie: refreshed.headers.getSetCookie()[0]!.split(";")[0]! },
  });
  assert.ok(!signedOut.headers.getSetCookie().some((cookie) => cookie.startsWith("known_device")));
  await guess(url, email, NEW_DEVICES + 1);
  for (const answer of [registered, refreshed]) {
    const cookie = deviceCookie(answer);
    assert.equal((await logIn(url, { email, password, cookie })).status, 200);
  }
});

test("a device may enter ten wrong passwords, and a right one clears the count", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = stage.server;
  const { email, password } = ada;
  let cookie = await newDevice(url, ada);
  const other = await newDevice(url, ada);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 9; i++) {
      assert.equal((await logIn(url, { email, password: WRONG, cookie })).status, 401);
    }
    cookie = await newDevice(url, ada, cookie);
  }
  for (let i = 0; i < 10; i++) {
    assert.equal((await logIn(url, { email, password: WRONG, cookie })).status, 401);
  }
  const answer = await logIn(url, { email, password, cookie });
  assert.equal(answer.status, 429);
  assert.match(answer.headers.get("ratelimit-policy")!, /^"loginDevice";q=10;w=900$/);
  assert.equal((await logIn(url, { email, password, cookie: other })).status, 200);
  assert.equal((await logIn(url, { email, password })).status, 200, "nor is it a new device's");
});

test("signing in again gives no device another ten wrong passwords", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = stage.server;
  const first = await newDevice(url, ada);
  const second = await newDevice(url, ada, first);
  for (let i = 0; i < 10; i++) {
    const cookie = i % 2 === 0 ? first : second;
    assert.equal((await logIn(url, { email: ada.email, password: WRONG, cookie })).status, 401);
  }
  for (const cookie of [first, second]) {
    assert.equal((await logIn(url, { email: ada.email, password: WRONG, cookie })).status, 429);
  }
});

test("a device is known for the accounts that signed in on it, and for no other", async (stage) => {
  const [ada, bob, eve] = await stage.people("Ada", "Bob", "Eve");
  const { url } = stage.server;
  const shared = await newDevice(url, bob, await newDevice(url, ada));
  const foreign = await newDevice(url, eve);
  for (const { email } of [ada, bob]) await guess(url, email, NEW_DEVICES + 1);
  for (const { email, password } of [ada, bob]) {
    assert.equal((await logIn(url, { email, password, cookie: foreign })).status, 429);
    assert.equal((await logIn(url, { email, password, cookie: shared })).status, 200);
  }
});

test("a device cookie that was made up, changed or cut makes no device known", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = stage.server;
  const { email, password } = ada;
  const cookie = await newDevice(url, ada);
  const [id, expires, mac] = cookie.slice("known_device=".length).split(".") as [
    string,
    string,
    string,
  ];
  await guess(url, email, NEW_DEVICES + 1);
  const later = (parseInt(expires, 36) + YEAR).toString(36);
  const forged = [
    "",
    "x",
    email,
    `${id}.${expires}`,
    `${id}.${expires}.${"A".repeat(43)}`,
    `${id}.${later}.${mac}`,
    `${"A".repeat(22)}.${expires}.${mac}`,
    `${id}.${expires}.${mac.slice(1)}`,
    `${id}.${expires}.${mac}.x`,
    `${id}.0.${mac}`,
    "~".repeat(4_000),
    `${`${id}.${expires}.${"A".repeat(43)}~`.repeat(8)}${id}.${expires}.${mac}`,
  ];
  for (const value of forged) {
    const answer = await logIn(url, { email, password, cookie: `known_device=${value}` });
    assert.equal(answer.status, 429, value.slice(0, 60));
  }
  const both = `known_device=${forged[4]}; ${cookie}`;
  assert.equal((await logIn(url, { email, password, cookie: both })).status, 200, "beside another");
});

test("an email in another spelling is the same account", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = stage.server;
  const spellings = [
    ada.email,
    ada.email.toUpperCase(),
    ` ${ada.email}`,
    `${ada.email}\n`,
    ada.email.replace("example", "eXample"),
  ];
  const statuses: number[] = [];
  for (let i = 0; i <= NEW_DEVICES; i++) {
    const email = spellings[i % spellings.length]!;
    statuses.push((await logIn(url, { email, password: WRONG })).status);
  }
  assert.deepEqual(statuses, [...Array(NEW_DEVICES).fill(401), 429]);
  const cookie = await (async () => {
    const devices = await KnownDevices.create("another secret, of at least 32 bytes");
    return `known_device=${await devices.remember([], ada.email)}`;
  })();
  assert.equal((await logIn(url, { ...ada, cookie })).status, 429, "a cookie of another server");
});

test("a right password on a new device returns only its own use", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = stage.server;
  await guess(url, ada.email, NEW_DEVICES - 1);
  for (let i = 0; i < 5; i++) assert.equal((await logIn(url, ada)).status, 200);
  assert.deepEqual(await guess(url, ada.email, 3), [401, 429, 429]);
});

test("one address alone blocks no new device at other addresses", async (stage) => {
  const [ada] = await stage.people("Ada");
  const { url } = stage.server;
  const address = newAddress();
  const statuses = [];
  for (let i = 0; i < 90; i++) {
    statuses.push((await logIn(url, { email: ada.email, password: WRONG, address })).status);
  }
  assert.deepEqual(statuses, [...Array(10).fill(401), ...Array(80).fill(429)]);
  assert.equal((await logIn(url, ada)).status, 200);
});

test("concurrent guesses are counted like sequential ones", async (stage) => {
  const [ada] = await stage.people("Ada");
  const answers = await Promise.all(
    Array.from(
      { length: 80 },
      () => logIn(stage.server.url, { email: ada.email, password: WRONG }),
    ),
  );
  const compared = answers.filter(({ status }) => status === 401).length;
  assert.deepEqual([compared, answers.length - compared], [NEW_DEVICES, 80 - NEW_DEVICES]);
  assert.ok(answers.every(({ status }) => status === 401 || status === 429));
});

Deno.test("the device cookie is sent to /auth only, and names no user", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const answer = await logIn(stage.server.url, ada);
    const cookie = answer.headers.getSetCookie().find((text) => text.startsWith("known_device="))!;
    assert.match(cookie, /; Path=\/auth(;|$)/);
    assert.match(cookie, /; HttpOnly(;|$)/);
    assert.match(cookie, /; SameSite=Lax(;|$)/);
    assert.match(cookie, /; Secure(;|$)/);
    assert.match(cookie, /; Max-Age=31536000(;|$)/);
    const { body } = answer;
    for (const text of [body.user.email, body.user.id, btoa(body.user.email).slice(0, 16)]) {
      assert.ok(!cookie.includes(text));
    }
    assert.ok(!JSON.stringify(body).includes(deviceCookie(answer).slice("known_device=".length)));
  }, {
    NODE_ENV: "production",
    JWT_SECRET: "a".repeat(32),
    JWT_REFRESH_SECRET: "b".repeat(32),
    BCRYPT_COST: "10",
  }));

Deno.test("a device remembers the last eight accounts that signed in on it", async () => {
  const devices = await KnownDevices.create("a".repeat(32));
  let cookie = "";
  for (let i = 0; i < 20; i++) cookie = await devices.remember([cookie], `user${i}@example.com`);
  assert.ok(cookie.length < 800);
  for (let i = 0; i < 20; i++) {
    const id = await devices.recognise([cookie], `user${i}@example.com`);
    assert.equal(id !== null, i >= 12, `user${i}`);
  }
});

Deno.test("an attempt whose password could not be compared is not counted as a wrong one", async () => {
  const limits = new RateLimits(true);
  const attempt = { email: "ada@example.com", address: "1.2.3.4", deviceId: null };
  const remaining = async () => {
    const quotas = [];
    for (const { policy, key } of loginLimits(attempt)) {
      quotas.push((await limits.tryConsume(policy, key))!.remaining);
    }
    return quotas;
  };
  for (let i = 0; i < 20; i++) {
    await remaining();
    await settleLogin(limits, loginLimits(attempt), "unknown");
  }
  assert.deepEqual(await remaining(), [79, 9, 49]);
  await settleLogin(limits, loginLimits(attempt), "failure");
  assert.deepEqual(await remaining(), [78, 8, 48]);
  limits.close();
});
