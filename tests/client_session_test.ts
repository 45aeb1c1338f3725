/** Sessions in the client: cookies, tokens, and what happens when they end. */
// @slow: waits for tokens and connections that end
import assert from "node:assert/strict";
import { CLOSE_CODES, createClient, type EchoRoomError } from "../src/client/mod.ts";
import { Account } from "./harness/account.ts";
import { becomes, newAccount, QUICK, reaches, TestBrowser } from "./harness/client.ts";
import { SlowFetch } from "./harness/client_network.ts";
import { enter, onServer, PATIENT, texts, writeOffline } from "./harness/client_world.ts";
import { startServer } from "./harness/server.ts";
import { until } from "./harness/stage.ts";

/** What a server says when it ends a connection, and what a client makes of it. */
const CLOSES = {
  "going away": { code: CLOSE_CODES.restarting, status: "waiting" },
  "try again later": { code: CLOSE_CODES.tryAgainLater, status: "waiting" },
  "not identified": { code: CLOSE_CODES.notIdentified, status: "waiting" },
  "binary frame": { code: CLOSE_CODES.binaryFrame, status: "stopped" },
  "frame too big": { code: CLOSE_CODES.frameTooBig, status: "stopped" },
  "broken frames": { code: CLOSE_CODES.brokenFrames, status: "stopped" },
  "flooding": { code: CLOSE_CODES.flooding, status: "stopped" },
} as const;
/** Tokens that are renewed after 6 s, and that a busy machine uses in time. */
const SHORT_TOKENS = { JWT_ACCESS_EXPIRES_IN: "8s" };

Deno.test("a new client has no user and attempts nothing", () =>
  onServer(({ newPage }) => {
    const client = newPage();
    assert.deepEqual(client.connection.get(), { status: "idle" });
    assert.equal(client.user.get(), null);
    return Promise.resolve();
  }));

Deno.test("registering signs the new user in and comes online", () =>
  onServer(async ({ newPage }) => {
    const client = newPage();
    const account = newAccount("Ada");
    const user = await client.register(account);
    assert.equal(user.email, account.email);
    assert.deepEqual(client.user.get(), user);
    await reaches(client.connection, "online");
  }));

Deno.test("logging in signs an existing user in and connects", () =>
  onServer(async ({ newPage }) => {
    const { displayName: _, ...credentials } = newAccount("Ada");
    const { id } = await newPage().register({ ...credentials, displayName: "Ada" });
    const client = newPage();
    await client.login(credentials);
    assert.equal(client.user.get()?.id, id);
    await reaches(client.connection, "online");
  }));

Deno.test("logging out notifies listeners of the user", () =>
  onServer(async ({ newPerson }) => {
    const { client } = await newPerson("Ada");
    const users: (string | undefined)[] = [];
    client.user.subscribe(() => users.push(client.user.get()?.displayName));
    await client.logout();
    assert.equal(client.connection.get().status, "signed_out");
    await becomes(client.user, (user) => user === null);
    await Promise.resolve();
    assert.deepEqual(users, [undefined]);
  }));

Deno.test("after logging out a user can log in again on the same page", () =>
  onServer(async ({ newPerson }) => {
    const { client, account } = await newPerson("Ada");
    await client.logout();
    await client.login(account);
    await reaches(client.connection, "online");
    assert.equal(client.user.get()?.email, account.email);
  }));

Deno.test("a server that was never reached is named in the reason", async () => {
  // Nothing listens on a port that was just given back.
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  const browser = new TestBrowser();
  const client = browser.open(`http://127.0.0.1:${port}`, { token: () => Promise.resolve("any") });
  const message = `The server cannot be reached at http://127.0.0.1:${port}/.`;
  await assert.rejects(client.api.listRooms(), { code: "unreachable", message });
  client.connect();
  const state = await reaches(client.connection, "waiting");
  assert.equal(state.status === "waiting" && state.reason, message);
  browser.close();
});

Deno.test("connecting without a session ends signed out", () =>
  onServer(async ({ newPage }) => {
    const client = newPage();
    client.connect();
    const state = await reaches(client.connection, "signed_out");
    assert.deepEqual(state, { status: "signed_out", reason: "Nobody is signed in." });
    assert.equal(client.user.get(), null);
  }));

Deno.test("connecting with the cookie of a session comes online as its user", () =>
  onServer(async ({ newPerson, server }) => {
    const { client, browser } = await newPerson("Ada");
    const { id } = client.user.get()!;
    client.close();
    const next = browser.open(server.url);
    next.connect();
    await reaches(next.connection, "online");
    assert.equal(next.user.get()?.id, id);
  }));

Deno.test("another user who logs in on the same page gets none of the earlier user's rooms", () =>
  onServer(async ({ newPerson, newRoom }) => {
    const ada = await newPerson("Ada");
    const bob = await newPerson("Bob");
    const room = await enter(ada.client, await newRoom(ada));
    await ada.client.login(bob.account);
    await reaches(ada.client.connection, "online");
    assert.equal(room.state.get().status, "left");
    assert.equal(ada.client.user.get()?.displayName, "Bob");
    assert.notEqual(ada.client.join(room.name), room);
  }));

Deno.test("the app is asked for a token again before the last expires, and the connection stays", () =>
  onServer(async ({ newPage, server }) => {
    const account = await Account.register(server.url, "Ada");
    const { slug } = await account.createRoom("Room");
    let asked = 0;
    const client = newPage({
      token: async () => {
        await account.refresh();
        asked++;
        return account.token;
      },
    });
    client.connect();
    await reaches(client.connection, "online");
    const states: string[] = [];
    client.connection.subscribe(() => states.push(client.connection.get().status));
    const room = await enter(client, slug);
    await until(() => asked >= 3, "it is asked for a third");
    await room.send("Still here");
    assert.deepEqual(states, []);
  }, SHORT_TOKENS));

Deno.test("no token from the app means that nobody is signed in", () =>
  onServer(async ({ newPage }) => {
    const client = newPage({ token: () => Promise.resolve(null) });
    client.connect();
    await reaches(client.connection, "signed_out");
  }));

Deno.test("an app that has no token any more signs the client out and closes its rooms", () =>
  onServer(async ({ newPage, server }) => {
    const account = await Account.register(server.url, "Ada");
    const { slug } = await account.createRoom("Room");
    let isOver = false;
    const client = newPage({
      token: async () => {
        if (isOver) return null;
        await account.refresh();
        return account.token;
      },
    });
    client.connect();
    const room = await enter(client, slug);
    isOver = true;
    await reaches(client.connection, "signed_out");
    assert.equal(client.user.get(), null);
    assert.equal(room.state.get().status, "left");
  }, SHORT_TOKENS));

Deno.test("another user's token signs the client out", () =>
  onServer(async ({ newPage, server }) => {
    const ada = await Account.register(server.url, "Ada");
    const bob = await Account.register(server.url, "Bob");
    let user = ada;
    const client = newPage({
      token: async () => {
        const asked = user;
        await asked.refresh();
        return asked.token;
      },
    });
    client.connect();
    await reaches(client.connection, "online");
    user = bob;
    await reaches(client.connection, "signed_out");
    assert.equal(client.user.get(), null);
  }, SHORT_TOKENS));

Deno.test("a refresh that yields another user signs out and closes the rooms", () =>
  onServer(async ({ newPerson, newRoom }) => {
    const { client, browser } = await newPerson("Ada");
    const room = await enter(client, await newRoom({ client }));
    browser.cookie = (await newPerson("Bob")).browser.cookie;
    const state = await reaches(client.connection, "signed_out");
    assert.match(state.status === "signed_out" ? state.reason : "", /Somebody else/);
    assert.equal(room.state.get().status, "left");
    assert.equal(client.user.get(), null);
  }, SHORT_TOKENS));

Deno.test("a session ended in another tab signs out, once the refresh was refused as well", () =>
  onServer(async ({ newPerson, newRoom, server }) => {
    const { client: tab, browser } = await newPerson("Ada");
    const refreshes: number[] = [];
    const client = browser.open(server.url, {
      timing: QUICK,
      fetch: async (input, init) => {
        const response = await browser.fetch(input, init);
        if (String(input).endsWith("/auth/refresh")) refreshes.push(response.status);
        return response;
      },
    });
    client.connect();
    const room = await enter(client, await newRoom({ client }));
    assert.deepEqual(refreshes, [200]);
    const returns: string[] = [];
    client.connection.subscribe(() => returns.push(client.connection.get().status));
    await tab.logout();
    await reaches(client.connection, "signed_out");
    assert.deepEqual(refreshes, [200, 401]);
    assert.equal(returns.includes("online"), false);
    assert.equal(client.user.get(), null);
    assert.equal(room.state.get().status, "left");
  }));

Deno.test("after disconnect a call of connect brings the connection and its rooms back", () =>
  onServer(async ({ newPerson, newRoom }) => {
    const { client } = await newPerson("Ada");
    const room = await enter(client, await newRoom({ client }));
    client.disconnect();
    assert.deepEqual(client.connection.get(), { status: "idle" });
    assert.equal(room.state.get().status, "waiting");
    assert.equal(client.user.get()?.displayName, "Ada");
    client.connect();
    await reaches(room.state, "live");
    await room.send("Back");
  }));

Deno.test("a closed client does not connect", () =>
  onServer(async ({ newPerson }) => {
    const { client } = await newPerson("Ada");
    client.close();
    client.connect();
    assert.equal(client.connection.get().status, "idle");
  }));

Deno.test("a client that is closed while it signs in does not connect", () =>
  onServer(async ({ newPage }) => {
    const client = newPage();
    const registered = client.register(newAccount("Ada"));
    client.close();
    await registered.catch(() => {});
    assert.equal(client.connection.get().status, "idle");
  }));

Deno.test("a client that is closed while it refreshes has no user afterwards", () =>
  onServer(async ({ newPerson, server }) => {
    const { client, browser } = await newPerson("Ada");
    client.close();
    const slow = new SlowFetch(browser, "/auth/refresh");
    const next = browser.open(server.url, { fetch: slow.fetch });
    next.connect();
    await slow.answered;
    next.close();
    slow.release();
    await slow.taken();
    assert.equal(next.user.get(), null);
  }));

Deno.test("a client that logs out while it refreshes has no user afterwards", () =>
  onServer(async ({ newPerson, server }) => {
    const { client, browser } = await newPerson("Ada");
    client.close();
    const slow = new SlowFetch(browser, "/auth/refresh");
    const next = browser.open(server.url, { fetch: slow.fetch });
    next.connect();
    await slow.answered;
    await next.logout();
    slow.release();
    await slow.taken();
    assert.equal(next.connection.get().status, "signed_out");
    assert.equal(next.user.get(), null);
  }));

Deno.test("a login during the refresh of an earlier session stays logged in", () =>
  onServer(async ({ newPerson, server }) => {
    const ada = await newPerson("Ada");
    const bob = await newPerson("Bob");
    ada.client.close();
    const slow = new SlowFetch(ada.browser, "/auth/refresh");
    const next = ada.browser.open(server.url, { fetch: slow.fetch });
    next.connect();
    await slow.answered;
    await next.login(bob.account);
    slow.release();
    await slow.taken();
    await reaches(next.connection, "online");
    assert.equal(next.user.get()?.displayName, "Bob");
  }));

Deno.test("a late answer to a profile change does not become the next user's", () =>
  onServer(async ({ newPerson, newRoom, server }) => {
    const ada = await newPerson("Ada");
    const bob = await newPerson("Bob");
    const slug = await newRoom(ada);
    const slow = new SlowFetch(ada.browser, "/auth/me");
    const page = ada.browser.open(server.url, { fetch: slow.fetch });
    page.connect();
    await enter(page, slug);
    const changed = page.updateMe({ displayName: "Ada 2" });
    await slow.answered;
    await writeOffline(ada, slug, ["Ada's"]);
    await page.login(bob.account);
    slow.release();
    assert.equal((await changed).displayName, "Ada 2");
    const room = await enter(page, slug);
    await room.send("Bob's");
    assert.equal(page.user.get()?.displayName, "Bob");
    assert.deepEqual(texts(room).slice(1), ["Bob's"]);
  }));

Deno.test("a refresh whose answer is lost does not end the session", () =>
  onServer(async ({ newPerson, server }) => {
    const { client, browser } = await newPerson("Ada");
    client.close();
    let refreshes = 0;
    const next = browser.open(server.url, {
      fetch: async (input, init) => {
        const isLost = String(input).endsWith("/auth/refresh") && ++refreshes === 1;
        if (!isLost) return await browser.fetch(input, init);
        // The server has rotated it, and the browser never gets the next cookie.
        const headers = { Cookie: browser.cookie };
        const answer = await fetch(input, { ...init, signal: null, headers });
        await answer.body?.cancel();
        throw new TypeError("The connection was lost.");
      },
    });
    next.connect();
    await reaches(next.connection, "online");
    assert.ok(refreshes >= 2);
  }));

Deno.test("logging out ends the session of the browser's cookie", () =>
  onServer(async ({ newPerson, server }) => {
    const { client, browser } = await newPerson("Ada");
    await client.logout();
    const next = browser.open(server.url);
    next.connect();
    await reaches(next.connection, "signed_out");
  }));

Deno.test("wrong credentials are refused with the server's code, and change nothing", () =>
  onServer(async ({ newPerson }) => {
    const { client, account } = await newPerson("Ada");
    await assert.rejects(client.login({ ...account, password: "wrong horse" }), {
      name: "EchoRoomError",
      code: "invalid_credentials",
      status: 401,
    });
    assert.equal(client.user.get()?.email, account.email);
    assert.equal(client.connection.get().status, "online");
  }));

Deno.test("invalid input is refused field by field", () =>
  onServer(async ({ newPage }) => {
    await assert.rejects(newPage().register({ ...newAccount("Ada"), email: "none" }), (error) => {
      const { code, errors } = error as EchoRoomError;
      return code === "validation_failed" && errors[0]!.path === "email";
    });
  }));

Deno.test("a token that is refused is replaced at once by the next", () =>
  onServer(async ({ newPage, server }) => {
    const account = await Account.register(server.url, "Ada");
    const tokens = ["no.such.token", account.token];
    const client = newPage({ token: () => Promise.resolve(tokens.shift()!) });
    client.connect();
    await reaches(client.connection, "online");
    assert.equal(client.user.get()?.id, account.id);
  }));

Deno.test("a server that cannot be reached is tried again", async () => {
  const server = await startServer();
  await server.stop();
  const browser = new TestBrowser();
  const client = browser.open(server.url);
  client.connect();
  const state = await reaches(client.connection, "waiting");
  assert.ok(state.status === "waiting" && state.retryAt > 0);
  await reaches(client.connection, "connecting");
  browser.close();
  assert.deepEqual(client.connection.get(), { status: "idle" });
});

Deno.test("a server that accepts requests and never answers is tried again", () =>
  withListener(() => new Promise(() => {}), async (url) => {
    const client = createClient(url, { timing: { ...QUICK, answerMs: 50 } });
    client.connect();
    await reaches(client.connection, "waiting");
    await reaches(client.connection, "connecting");
    await assert.rejects(client.login({ email: "a@example.com", password: "correct horse" }), {
      name: "EchoRoomError",
      code: "unreachable",
    });
    client.close();
  }));

Deno.test("a captive portal's answer is not taken for the server's", () =>
  withListener(() => new Response("<h1>Welcome to our network</h1>"), async (url) => {
    const client = createClient(url, { timing: QUICK });
    await assert.rejects(client.login({ email: "a@example.com", password: "correct horse" }), {
      name: "EchoRoomError",
      code: "unreachable",
    });
    client.connect();
    await reaches(client.connection, "waiting");
    client.close();
  }));

Deno.test("an app whose promise of a token never settles is asked again", () =>
  onServer(async ({ newPage, server }) => {
    const account = await Account.register(server.url, "Ada");
    const answers = [new Promise<string>(() => {})];
    const client = newPage({
      token: () => answers.shift() ?? Promise.resolve(account.token),
      timing: { ...QUICK, answerMs: 500 },
    });
    client.connect();
    await reaches(client.connection, "online");
  }));

for (const fault of [new TypeError("Failed to fetch"), undefined]) {
  Deno.test(`an app that throws ${fault?.name} instead of giving a token is asked again`, () =>
    onServer(async ({ newPage, server }) => {
      const account = await Account.register(server.url, "Ada");
      const { slug } = await account.createRoom("Room");
      let asked = 0;
      const client = newPage({
        token: () => ++asked < 3 ? Promise.reject(fault) : Promise.resolve(account.token),
      });
      client.connect();
      const sent = client.join(slug).send("Hello");
      const state = await reaches(client.connection, "waiting");
      assert.match(state.status === "waiting" ? state.reason : "", /could not get a token/);
      assert.equal((await sent).seq, 2);
    }));
}

Deno.test("a token that was asked for before a logout is not used after it", () =>
  onServer(async ({ newPage, server }) => {
    const [ada, bob] = await Promise.all(["Ada", "Bob"].map((name) => {
      return Account.register(server.url, name);
    }));
    const late = Promise.withResolvers<string>();
    const answers = [late.promise, Promise.resolve(bob!.token)];
    const client = newPage({ token: () => answers.shift()! });
    client.connect();
    await client.logout();
    client.connect();
    late.resolve(ada!.token);
    await reaches(client.connection, "online");
    assert.equal(client.user.get()?.id, bob!.id);
  }));

for (const [name, { code, status }] of Object.entries(CLOSES)) {
  Deno.test(`after a close with ${code} (${name}) the connection is ${status}`, () =>
    withListener((request) => {
      const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "echoroom.v1" });
      socket.onopen = () => socket.close(code);
      return response;
    }, async (url) => {
      const token = () => Promise.resolve("a.b.c");
      const client = createClient(url, { token, timing: PATIENT });
      client.connect();
      await reaches(client.connection, status);
      client.close();
    }));
}

Deno.test("the profile that is changed is the user's", () =>
  onServer(async ({ newPerson }) => {
    const { client } = await newPerson("Ada");
    await client.updateMe({ displayName: "Countess Ada" });
    assert.equal(client.user.get()?.displayName, "Countess Ada");
  }));

/** Something that is not EchoRoom. */
async function withListener(
  answer: (request: Request) => Response | Promise<Response>,
  act: (url: string) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const options = { port: 0, hostname: "127.0.0.1", signal: abort.signal, onListen() {} };
  const server = Deno.serve(options, answer);
  await act(`http://127.0.0.1:${server.addr.port}`).finally(() => abort.abort());
  await server.finished;
}
