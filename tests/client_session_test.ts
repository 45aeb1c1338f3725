/** Who is signed in, as the client knows it: cookies, tokens, their ends, and what follows. */
import assert from "node:assert/strict";
import { type Client, createClient } from "../src/client/mod.ts";
import { Account } from "./harness/account.ts";
import { newAccount, reaches, TestBrowser } from "./harness/client.ts";
import { startServer, type TestServer } from "./harness/server.ts";
import { until } from "./harness/stage.ts";

Deno.test("registering signs in and connects", () =>
  onServer(async ({ client }) => {
    assert.deepEqual(client.connection.get(), { status: "idle" });
    const account = newAccount("Ada");
    const user = await client.register(account);
    assert.equal(user.displayName, "Ada");
    await reaches(client.connection, "online");
    assert.equal(client.user.get()?.email, account.email);
  }));

Deno.test("a page that is opened anew has the session of the browser's cookie", () =>
  onServer(async ({ client, browser, server }) => {
    const { id } = await client.register(newAccount("Ada"));
    client.close();
    const next = browser.open(server.url);
    next.connect();
    await reaches(next.connection, "online");
    assert.equal(next.user.get()?.id, id);
  }));

Deno.test("without a session the state is signed_out, and nobody the user", () =>
  onServer(async ({ client }) => {
    client.connect();
    const state = await reaches(client.connection, "signed_out");
    assert.deepEqual(state, { status: "signed_out", reason: "" });
    assert.equal(client.user.get(), null);
  }));

Deno.test("wrong credentials are refused with the server's code, and change nothing", () =>
  onServer(async ({ client }) => {
    const account = newAccount("Ada");
    await client.register(account);
    await assert.rejects(client.login({ ...account, password: "wrong horse" }), {
      name: "EchoRoomError",
      code: "invalid_credentials",
      status: 401,
    });
    assert.equal(client.user.get()?.email, account.email);
  }));

Deno.test("input that is none is refused field by field", () =>
  onServer(async ({ client }) => {
    await assert.rejects(client.register({ ...newAccount("Ada"), email: "none" }), (error) => {
      const { code, errors } = error as { code: string; errors: { path: string }[] };
      return code === "validation_failed" && errors[0]!.path === "email";
    });
  }));

Deno.test("signing out ends the session, the rooms and the connection", () =>
  onServer(async ({ client, server, browser }) => {
    await client.register(newAccount("Ada"));
    const { slug } = await client.api.createRoom({ name: "Room" });
    const room = client.join(slug);
    await reaches(room.state, "live");
    await client.logout();
    assert.equal(client.connection.get().status, "signed_out");
    assert.equal(client.user.get(), null);
    assert.equal(room.state.get().status, "left");
    const next = browser.open(server.url);
    next.connect();
    await reaches(next.connection, "signed_out");
  }));

Deno.test("a session that is ended elsewhere signs the client out", () =>
  onServer(async ({ client, browser, server }) => {
    await client.register(newAccount("Ada"));
    await reaches(client.connection, "online");
    const tab = browser.open(server.url);
    tab.connect();
    await reaches(tab.connection, "online");
    await tab.logout();
    await reaches(client.connection, "signed_out");
    assert.equal(client.user.get(), null);
  }));

Deno.test("when somebody else signs in from another tab nothing of theirs is shown", () =>
  onServer(async ({ client, browser, server }) => {
    await client.register(newAccount("Ada"));
    const { slug } = await client.api.createRoom({ name: "Room" });
    const room = client.join(slug);
    await reaches(room.state, "live");
    await browser.open(server.url).register(newAccount("Bob"));
    const state = await reaches(client.connection, "signed_out");
    assert.match(state.status === "signed_out" ? state.reason : "", /Somebody else/);
    assert.equal(room.state.get().status, "left");
  }, { JWT_ACCESS_EXPIRES_IN: "3s" }));

Deno.test("a token is renewed before it expires, without a loss of the connection", () =>
  onServer(async ({ client, server }) => {
    const account = await Account.register(server.url, "Ada");
    let asked = 0;
    const states: string[] = [];
    const own = createClient(server.url, {
      token: async () => {
        asked++;
        await account.refresh();
        return account.token;
      },
    });
    own.connect();
    await reaches(own.connection, "online");
    own.connection.subscribe(() => states.push(own.connection.get().status));
    await until(() => asked >= 3, "it is asked for a third");
    assert.deepEqual(states, []);
    assert.equal(own.connection.get().status, "online");
    own.close();
    client.close();
  }, { JWT_ACCESS_EXPIRES_IN: "3s" }));

Deno.test("no token from the app means that nobody is signed in", () =>
  onServer(async ({ server }) => {
    const client = createClient(server.url, { token: () => Promise.resolve(null) });
    client.connect();
    await reaches(client.connection, "signed_out");
    client.close();
  }));

Deno.test("a token that is refused is replaced at once by the next", () =>
  onServer(async ({ server }) => {
    const account = await Account.register(server.url, "Ada");
    const tokens = ["no.such.token", account.token];
    const client = createClient(server.url, { token: () => Promise.resolve(tokens.shift()!) });
    client.connect();
    await reaches(client.connection, "online");
    assert.equal(client.user.get()?.id, account.id);
    client.close();
  }));

Deno.test("a server that cannot be reached is tried again", async () => {
  const server = await startServer();
  const { url } = server;
  await server.stop();
  const browser = new TestBrowser();
  const client = browser.open(url);
  client.connect();
  const state = await reaches(client.connection, "waiting");
  assert.ok(state.status === "waiting" && state.retryAt > 0);
  await reaches(client.connection, "connecting");
  browser.close();
  assert.deepEqual(client.connection.get(), { status: "idle" });
});

Deno.test("the profile that is changed is the user's", () =>
  onServer(async ({ client }) => {
    await client.register(newAccount("Ada"));
    await client.updateMe({ displayName: "Countess Ada" });
    assert.equal(client.user.get()?.displayName, "Countess Ada");
  }));

interface World {
  server: TestServer;
  browser: TestBrowser;
  client: Client;
}

async function onServer(
  act: (world: World) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  const server = await startServer(settings);
  const browser = new TestBrowser();
  await act({ server, browser, client: browser.open(server.url) });
  browser.close();
  await server.stop();
}
