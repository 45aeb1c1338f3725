/** The client as an app uses it, against real servers: sessions, rooms, sending, and coming back. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  type ChatMessage,
  type Client,
  type ClientOptions,
  createClient,
  type Room,
} from "../src/client/mod.ts";
import { Account } from "./harness/account.ts";
import { becomes, newAccount, reaches, TestBrowser } from "./harness/client.ts";
import { type ServerProcess, spawnServer, startServer, type TestServer } from "./harness/server.ts";

/** Quick to notice and to come back. */
const TIMING = { answerMs: 2_000, silenceMs: 500, firstRetryMs: 10, longestRetryMs: 100 };
/** Never comes back by itself while a test runs. */
const PATIENT = { ...TIMING, firstRetryMs: 1e9, longestRetryMs: 1e9 };
const DEADLINE_MS = 10_000;
/** Tokens that are renewed after 3 s. */
const SHORT_TOKENS = { JWT_ACCESS_EXPIRES_IN: "4s" };

// Who is signed in.

Deno.test("before anything was done nobody is known and nothing attempted", () =>
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

Deno.test("logging in signs a known user in and comes online", () =>
  onServer(async ({ newPage }) => {
    const { displayName: _, ...credentials } = newAccount("Ada");
    const { id } = await newPage().register({ ...credentials, displayName: "Ada" });
    const client = newPage();
    await client.login(credentials);
    assert.equal(client.user.get()?.id, id);
    await reaches(client.connection, "online");
  }));

Deno.test("logging out signs out, and listeners of the user hear it", () =>
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

Deno.test("who has logged out can log in again on the same page", () =>
  onServer(async ({ newPerson }) => {
    const { client, account } = await newPerson("Ada");
    await client.logout();
    await client.login(account);
    await reaches(client.connection, "online");
    assert.equal(client.user.get()?.email, account.email);
  }));

Deno.test("connecting without a session ends signed out", () =>
  onServer(async ({ newPage }) => {
    const client = newPage();
    client.connect();
    const state = await reaches(client.connection, "signed_out");
    assert.deepEqual(state, { status: "signed_out", reason: "" });
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

Deno.test("somebody else who logs in on the same page finds no room of the one before", () =>
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
    const asked = new Counter();
    const client = newPage({
      token: async () => {
        await account.refresh();
        asked.increment();
        return account.token;
      },
    });
    client.connect();
    await reaches(client.connection, "online");
    const states: string[] = [];
    client.connection.subscribe(() => states.push(client.connection.get().status));
    const room = await enter(client, (await account.createRoom("Room")).slug);
    await asked.reaches(3);
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
    const tokens = [account.token];
    const client = newPage({ token: () => Promise.resolve(tokens.shift() ?? null) });
    client.connect();
    const room = await enter(client, slug);
    await reaches(client.connection, "signed_out");
    assert.equal(client.user.get(), null);
    assert.equal(room.state.get().status, "left");
  }, SHORT_TOKENS));

Deno.test("a token of somebody else signs the client out", () =>
  onServer(async ({ newPage, server }) => {
    const ada = await Account.register(server.url, "Ada");
    const bob = await Account.register(server.url, "Bob");
    const tokens = [ada.token];
    const client = newPage({
      token: async () => {
        if (tokens.length > 0) return tokens.shift()!;
        await bob.refresh();
        return bob.token;
      },
    });
    client.connect();
    await reaches(client.connection, "online");
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
      timing: TIMING,
      fetch: async (input, init) => {
        const response = await fetchIn(browser, input, init);
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

Deno.test("a connection that was ended by hand comes back by hand, and its rooms with it", () =>
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

Deno.test("a client that was closed does not connect any more", () =>
  onServer(async ({ newPerson }) => {
    const { client } = await newPerson("Ada");
    client.close();
    client.connect();
    assert.equal(client.connection.get().status, "idle");
  }));

Deno.test("a client that is closed while it signs in does not connect any more", () =>
  onServer(async ({ newPage }) => {
    const client = newPage();
    const registered = client.register(newAccount("Ada"));
    client.close();
    await registered.catch(() => {});
    assert.equal(client.connection.get().status, "idle");
  }));

Deno.test("a client that is closed while it refreshes knows nobody afterwards", () =>
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

Deno.test("a client that logs out while it refreshes knows nobody afterwards", () =>
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

// Rooms.

Deno.test("a room joined by its slug and by its id is one log", () =>
  onRoom(async ({ ada, slug }) => {
    const bySlug = await enter(ada.client, slug);
    const byId = await enter(ada.client, bySlug.id);
    assert.equal(byId.id, bySlug.id);
    await bySlug.send("By slug");
    await byId.send("By id");
    await shows(bySlug, 3);
    await shows(byId, 3);
    assert.deepEqual(byId.messages.get(), bySlug.messages.get());
    assert.deepEqual(texts(byId).slice(1), ["By slug", "By id"]);
  }));

Deno.test("leaving a room by one name keeps it under the other", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bySlug = await enter(ada.client, slug);
    const byId = await enter(ada.client, bySlug.id);
    const bobs = await enter(bob.client, slug);
    byId.leave();
    await bobs.send("Hello");
    await shows(bySlug, 2);
    assert.equal(bobs.online.get().count, 2);
  }));

Deno.test("a room is left once every holder has left, and then the others see it", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const room = await enter(ada.client, slug);
    assert.equal(ada.client.join(slug), room);
    const bobs = await enter(bob.client, slug);
    await becomes(bobs.online, ({ count }) => count === 2);
    room.leave();
    await bobs.send("Hello");
    await shows(room, 2);
    assert.equal(room.state.get().status, "live");
    room.leave();
    assert.equal(room.state.get().status, "left");
    const { users } = await becomes(bobs.online, ({ count }) => count === 1);
    assert.deepEqual(users.map(({ displayName }) => displayName), ["Bob"]);
  }));

Deno.test("a room that was left and is joined again shows what was written meanwhile", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bobs = await enter(bob.client, slug);
    (await enter(ada.client, slug)).leave();
    await bobs.send("Meanwhile");
    const again = await enter(ada.client, slug);
    assert.deepEqual(texts(again).slice(1), ["Meanwhile"]);
  }));

Deno.test("an unknown room has failed with room_not_found", () =>
  onRoom(async ({ ada }) => {
    const state = await reaches(ada.client.join("nowhere").state, "failed");
    assert.equal(state.status === "failed" && state.error.code, "room_not_found");
    assert.equal(ada.client.connection.get().status, "online");
  }));

Deno.test("a message to an unknown room fails with room_not_found", () =>
  onRoom(async ({ ada }) => {
    const room = ada.client.join("nowhere");
    await assert.rejects(room.send("Hello"), { code: "room_not_found" });
    assert.equal(room.messages.get().at(-1)?.state, "failed");
  }));

Deno.test("several messages to an unknown room all fail", () =>
  onRoom(async ({ ada }) => {
    const room = ada.client.join("nowhere");
    const refused = ["One", "Two", "Three"].map((text) =>
      assert.rejects(room.send(text), { code: "room_not_found" })
    );
    await withDeadline("all are refused", async () => {
      await Promise.all(refused);
    });
    assert.deepEqual(room.messages.get().map(({ state }) => state), ["failed", "failed", "failed"]);
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("a room that is made after it was asked for can be joined anew", () =>
  onRoom(async ({ ada, bob }) => {
    const room = ada.client.join("later");
    await reaches(room.state, "failed");
    await bob.client.api.createRoom({ name: "Later" });
    room.leave();
    await enter(ada.client, "later");
  }));

// What is observed.

Deno.test("the list of messages is the same array until it changes", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const room = await enter(ada.client, slug);
    const bobs = await enter(bob.client, slug);
    const before = room.messages.get();
    bobs.keystroke();
    await becomes(room.typing, ({ length }) => length === 1);
    assert.equal(room.messages.get(), before);
    await bobs.send("Hello");
    await shows(room, 2);
    assert.notEqual(room.messages.get(), before);
    assert.equal(before.length, 1);
  }));

Deno.test("the list of messages is the same array after a sign of life that brought nothing", () =>
  onRoom(async ({ ada, slug, server }) => {
    const frames = new Frames();
    const client = ada.browser.open(server.url, { WebSocket: frames.WebSocket, timing: TIMING });
    client.connect();
    const room = await enter(client, slug);
    const before = room.messages.get();
    let told = 0;
    room.messages.subscribe(() => told++);
    await frames.received("connection:missed");
    await nextTurn();
    assert.equal(told, 0);
    assert.equal(room.messages.get(), before);
  }));

Deno.test("a listener is called once for all changes of one turn", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    ada.client.disconnect();
    let told = 0;
    room.messages.subscribe(() => told++);
    for (const text of ["One", "Two", "Three"]) room.send(text).catch(() => {});
    assert.equal(told, 0);
    await nextTurn();
    assert.equal(told, 1);
    assert.equal(room.messages.get().length, 4);
  }));

Deno.test("a listener that throws keeps neither others from hearing nor the client from its work", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    const thrown: unknown[] = [];
    const onError = (event: ErrorEvent) => {
      event.preventDefault();
      thrown.push(event.error);
    };
    addEventListener("error", onError);
    const fault = new Error("of the app");
    let told = 0;
    const end = room.messages.subscribe(() => {
      throw fault;
    });
    room.messages.subscribe(() => told++);
    await room.send("Hello");
    await shows(room, 2);
    end();
    await nextTurn();
    removeEventListener("error", onError);
    assert.ok(told > 0);
    assert.ok(thrown.length > 0, "the fault is reported");
    assert.ok(thrown.every((error) => error === fault));
  }));

Deno.test("a subscription that was ended hears nothing more, also within the same turn", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    let told = 0;
    const end = room.messages.subscribe(() => told++);
    const sent = room.send("Hello");
    end();
    await sent;
    await shows(room, 2);
    assert.equal(told, 0);
  }));

// Sending.

Deno.test("a message is in the list as soon as send was called", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    const sent = room.send("Hello");
    const message = room.messages.get().at(-1)!;
    assert.equal(message.text, "Hello");
    assert.equal(message.sender.displayName, "Ada");
    assert.deepEqual([message.state, message.id, message.seq], ["sending", null, null]);
    await sent;
  }));

Deno.test("a message goes from queued over sending to sent, under the same key", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    ada.client.disconnect();
    const seen: ChatMessage[] = [];
    room.messages.subscribe(() => seen.push(room.messages.get().at(-1)!));
    const sent = room.send("Hello");
    await nextTurn();
    ada.client.connect();
    const { id, seq } = await sent;
    await becomes(room.messages, (messages) => messages.at(-1)!.state === "sent");
    await nextTurn();
    const states = seen.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1]);
    assert.deepEqual(states, ["queued", "sending", "sent"]);
    assert.equal(new Set(seen.map(({ key }) => key)).size, 1);
    const { id: shownId, seq: shownSeq } = room.messages.get().at(-1)!;
    assert.deepEqual([shownId, shownSeq], [id, seq]);
  }));

Deno.test("an acked message is the one that others see", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bobs = await enter(bob.client, slug);
    const { id, seq, clientMessageId } = await (await enter(ada.client, slug)).send("Hello");
    await shows(bobs, 2);
    const message = bobs.messages.get().at(-1)!;
    assert.deepEqual([message.id, message.seq], [id, seq]);
    assert.equal(message.clientMessageId, clientMessageId);
    assert.equal(message.sender.displayName, "Ada");
    assert.equal(message.state, "sent");
  }));

Deno.test("a message that is too long is refused, and shown as failed", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    await assert.rejects(room.send("x".repeat(4_001)), {
      name: "EchoRoomError",
      code: "validation_failed",
    });
    const message = room.messages.get().at(-1)!;
    assert.equal(message.state, "failed");
    assert.equal(message.error?.code, "validation_failed");
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("a failed message that is tried again is replaced by the new attempt", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    await room.send("x".repeat(4_001)).catch(() => {});
    const failed = room.messages.get().at(-1)!;
    await assert.rejects(room.retry(failed), { code: "validation_failed" });
    const all = room.messages.get().filter(({ state }) => state === "failed");
    assert.equal(all.length, 1);
    assert.notEqual(all[0]!.key, failed.key);
  }));

Deno.test("a failed message that is tried again where it is welcome is sent", () =>
  onRoom(async ({ ada }) => {
    const room = ada.client.join("later");
    await room.send("Hello").catch(() => {});
    await ada.client.api.createRoom({ name: "Later" });
    const { seq } = await room.retry(room.messages.get().at(-1)!);
    assert.equal(seq, 2);
    assert.deepEqual(room.messages.get().map(({ state }) => state), ["sent"]);
  }));

Deno.test("a failed message that is discarded is gone", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    await room.send("x".repeat(4_001)).catch(() => {});
    room.discard(room.messages.get().at(-1)!);
    assert.deepEqual(texts(room), ["Ada created the room"]);
  }));

Deno.test("only what failed can be discarded", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    await room.send("Hello");
    room.discard(room.messages.get().at(-1)!);
    assert.deepEqual(texts(room).slice(1), ["Hello"]);
  }));

Deno.test("two messages of one turn keep their order", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    const [first, second] = await Promise.all([room.send("One"), room.send("Two")]);
    assert.deepEqual([first.seq, second.seq], [2, 3]);
    assert.deepEqual(texts(room).slice(1), ["One", "Two"]);
  }));

Deno.test("two messages written before the room was joined keep their order", () =>
  onRoom(async ({ ada, slug }) => {
    const room = ada.client.join(slug);
    const acks = await Promise.all([room.send("One"), room.send("Two"), room.send("Three")]);
    assert.deepEqual(acks.map(({ seq }) => seq), [2, 3, 4]);
    await shows(room, 4);
    assert.deepEqual(texts(room).slice(1), ["One", "Two", "Three"]);
  }));

Deno.test("a message written while offline goes out on the return", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bobs = await enter(bob.client, slug);
    const room = await enter(ada.client, slug);
    ada.client.disconnect();
    const sent = room.send("Hello");
    ada.client.connect();
    await sent;
    await shows(bobs, 2);
    assert.deepEqual(texts(bobs).slice(1), ["Hello"]);
  }));

Deno.test("a message written before it is known who is signed in goes out once it is", () =>
  onRoom(async ({ ada, slug, server }) => {
    const page = ada.browser.open(server.url);
    const room = page.join(slug);
    const sent = room.send("Hello");
    page.connect();
    assert.equal((await sent).seq, 2);
  }));

Deno.test("unsent messages survive a reload, go out once and in order, and are then forgotten", () =>
  onRoom(async ({ ada, slug, server }) => {
    await writeOffline(ada, slug, ["One", "Two", "Three"]);
    assert.equal(ada.browser.storage.length, 3);
    const next = ada.browser.open(server.url);
    const room = next.join(slug);
    next.connect();
    await shows(room, 4);
    assert.deepEqual(texts(room).slice(1), ["One", "Two", "Three"]);
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("a message written right after a reload comes behind those from before it", () =>
  onRoom(async ({ ada, slug, server }) => {
    await writeOffline(ada, slug, ["One", "Two", "Three"]);
    const next = ada.browser.open(server.url);
    const room = next.join(slug);
    const sent = room.send("Four");
    next.connect();
    await sent;
    await shows(room, 5);
    assert.deepEqual(texts(room).slice(1), ["One", "Two", "Three", "Four"]);
  }));

Deno.test("messages written under both names of a room keep their order", () =>
  onRoom(async ({ ada, slug }) => {
    const { id } = await ada.client.api.readRoom(slug);
    ada.client.disconnect();
    const bySlug = ada.client.join(slug);
    const byId = ada.client.join(id);
    const sends = [bySlug.send("One"), bySlug.send("Two"), byId.send("Three")];
    ada.client.connect();
    await Promise.all(sends);
    await shows(bySlug, 4);
    assert.deepEqual(texts(bySlug).slice(1), ["One", "Two", "Three"]);
  }));

Deno.test("a stored item that cannot be read keeps no other from being sent", () =>
  onRoom(async ({ ada, slug, server }) => {
    await writeOffline(ada, slug, ["One"]);
    const { storage } = ada.browser;
    const key = storage.key(0)!;
    storage.setItem(`${key.slice(0, key.lastIndexOf(":"))}:broken`, "{");
    const next = ada.browser.open(server.url);
    next.connect();
    const room = await enter(next, slug);
    await room.send("Two");
    assert.deepEqual(texts(room).slice(1), ["One", "Two"]);
  }));

Deno.test("logging out erases what is stored, and tells those who wait", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    ada.client.disconnect();
    const sent = assert.rejects(room.send("Never"), { code: "signed_out" });
    assert.equal(ada.browser.storage.length, 1);
    await ada.client.logout();
    await sent;
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("logging out erases what is stored although the answer comes late", () =>
  onRoom(async ({ ada, slug, server }) => {
    await writeOffline(ada, slug, ["Never"]);
    const slow = new SlowFetch(ada.browser, "/auth/logout");
    const next = ada.browser.open(server.url, {
      fetch: slow.fetch,
      WebSocket: new Frames({ mute: "message:send" }).WebSocket,
    });
    next.connect();
    await reaches(next.connection, "online");
    const loggedOut = next.logout();
    await reaches(next.connection, "signed_out");
    slow.release();
    await loggedOut;
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("closing rejects what waits with closed, and the next page sends it", () =>
  onRoom(async ({ ada, slug, server }) => {
    const room = await enter(ada.client, slug);
    ada.client.disconnect();
    const sent = assert.rejects(room.send("Later"), { code: "closed" });
    ada.client.close();
    await sent;
    assert.equal(ada.browser.storage.length, 1);
    const next = ada.browser.open(server.url);
    const again = next.join(slug);
    next.connect();
    await shows(again, 2);
    assert.deepEqual(texts(again).slice(1), ["Later"]);
  }));

Deno.test("closing rejects what is under way with closed, and the next page stores it no second time", () =>
  onRoom(async ({ ada, slug, server }) => {
    const room = await enter(ada.client, slug);
    const sent = assert.rejects(room.send("Once"), { code: "closed" });
    ada.client.close();
    await sent;
    const next = ada.browser.open(server.url);
    const again = await (next.connect(), enter(next, slug));
    await again.send("Behind it");
    assert.deepEqual(texts(again).slice(1), ["Once", "Behind it"]);
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("sending on a closed client is closed", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    ada.client.close();
    await assert.rejects(room.send("Too late"), { code: "closed" });
  }));

Deno.test("sending by the handle of a room that was left is closed", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    room.leave();
    await assert.rejects(room.send("Too late"), { code: "closed" });
  }));

Deno.test("who is signed out cannot send", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    await ada.client.logout();
    await assert.rejects(room.send("Hello"), { code: "signed_out" });
    await assert.rejects(ada.client.join(slug).send("Hello"), { code: "signed_out" });
  }));

// Others.

Deno.test("who is in a room is listed by name and counted, until they go", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bobs = await enter(bob.client, slug);
    await enter(ada.client, slug);
    const { users } = await becomes(bobs.online, ({ count }) => count === 2);
    assert.deepEqual(users.map(({ displayName }) => displayName), ["Ada", "Bob"]);
    ada.client.disconnect();
    const after = await becomes(bobs.online, ({ count }) => count === 1);
    assert.deepEqual(after.users.map(({ displayName }) => displayName), ["Bob"]);
  }));

Deno.test("without a connection it is not known who is in a room", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    await becomes(room.online, ({ count }) => count === 1);
    ada.client.disconnect();
    assert.deepEqual(room.online.get(), { count: null, users: [] });
  }));

Deno.test("a keystroke is seen by others, and not by oneself", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [room, bobs] = await enterBoth(ada, bob, slug);
    bobs.keystroke();
    const [typing] = await becomes(room.typing, ({ length }) => length === 1);
    assert.equal(typing?.displayName, "Bob");
    assert.deepEqual(bobs.typing.get(), []);
  }));

Deno.test("typing ends when it is stopped", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [room, bobs] = await enterBoth(ada, bob, slug);
    const { slug: otherSlug } = await ada.client.api.createRoom({ name: "Other" });
    const [other, bobsOther] = await enterBoth(ada, bob, otherSlug);
    bobs.keystroke();
    await becomes(room.typing, ({ length }) => length === 1);
    bobs.stopTyping();
    // It is told of in order: by then the end has come, and not because of a long silence.
    bobsOther.keystroke();
    await becomes(other.typing, ({ length }) => length === 1);
    assert.deepEqual(room.typing.get(), []);
  }));

Deno.test("typing ends with the message, and begins again with the next key", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [room, bobs] = await enterBoth(ada, bob, slug);
    bobs.keystroke();
    await becomes(room.typing, ({ length }) => length === 1);
    await bobs.send("Hello");
    await shows(room, 2);
    assert.deepEqual(room.typing.get(), []);
    bobs.keystroke();
    await becomes(room.typing, ({ length }) => length === 1);
  }));

Deno.test("typing that begins right after a message does not end with it", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [room, bobs] = await enterBoth(ada, bob, slug);
    const sent = bobs.send("Hello");
    bobs.keystroke();
    await sent;
    await shows(room, 2);
    await becomes(room.typing, ({ length }) => length === 1);
  }));

Deno.test("typing ends with the typist's connection", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [room, bobs] = await enterBoth(ada, bob, slug);
    await becomes(room.online, ({ count }) => count === 2);
    bobs.keystroke();
    await becomes(room.typing, ({ length }) => length === 1);
    bob.client.disconnect();
    await becomes(room.online, ({ count }) => count === 1);
    assert.deepEqual(room.typing.get(), []);
  }));

// History.

Deno.test("older messages are loaded page by page down to the beginning", () =>
  onRoom(async ({ ada, bob, slug }) => {
    await write(bob, slug, 120);
    const room = await enter(ada.client, slug);
    assert.deepEqual(seqs(room), range(72, 121));
    assert.equal(room.hasOlder.get(), true);
    assert.equal(await room.loadOlder(), true);
    assert.deepEqual(seqs(room), range(22, 121));
    assert.equal(await room.loadOlder(), false);
    assert.deepEqual(seqs(room), range(1, 121));
    assert.equal(room.hasOlder.get(), false);
  }));

Deno.test("a log that fits on one page has nothing older", () =>
  onRoom(async ({ ada, bob, slug }) => {
    await write(bob, slug, 49);
    const room = await enter(ada.client, slug);
    assert.deepEqual(seqs(room), range(1, 50));
    assert.equal(room.hasOlder.get(), false);
  }));

Deno.test("older messages that are asked for twice at once are loaded once", () =>
  onRoom(async ({ ada, bob, slug }) => {
    await write(bob, slug, 120);
    const room = await enter(ada.client, slug);
    assert.deepEqual(await Promise.all([room.loadOlder(), room.loadOlder()]), [true, true]);
    assert.deepEqual(seqs(room), range(22, 121));
  }));

// Coming back.

const MISSED = [
  { missed: 30, how: "by joining again", pages: 0 },
  { missed: 120, how: "by one page of recovery", pages: 1 },
  { missed: 450, how: "page by page", pages: 3 },
];

for (const { missed, how, pages } of MISSED) {
  Deno.test(`${missed} messages that were missed come back ${how}`, () =>
    onRoom(async ({ ada, bob, slug, server }) => {
      const frames = new Frames();
      // A sign of life would be one more `connection:missed`.
      const timing = { ...TIMING, silenceMs: 60_000 };
      const client = ada.browser.open(server.url, { WebSocket: frames.WebSocket, timing });
      client.connect();
      const room = await enter(client, slug);
      assert.equal(room.recovery.get(), null);
      client.disconnect();
      await write(bob, slug, missed);
      client.connect();
      await reaches(room.state, "live");
      assert.deepEqual(seqs(room), range(1, missed + 1));
      assert.deepEqual(room.recovery.get(), { messages: missed, reset: false });
      assert.equal(frames.events.filter((event) => event === "connection:missed").length, pages);
    }));
}

Deno.test("what is written during a recovery is neither lost nor shown twice", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const room = await enter(ada.client, slug);
    const bobs = await enter(bob.client, slug);
    ada.client.disconnect();
    await Promise.all(range(1, 250).map((i) => bobs.send(`Message ${i}`)));
    const meanwhile = range(251, 400).map((i) => bobs.send(`Message ${i}`));
    ada.client.connect();
    await Promise.all(meanwhile);
    await shows(room, 401);
    assert.deepEqual(seqs(room), range(1, 401));
    assert.deepEqual(texts(room).slice(1), range(1, 400).map((i) => `Message ${i}`));
  }));

Deno.test("many messages at once arrive in batches, in order and without a gap", () =>
  onRoom(async ({ ada, slug, server }) => {
    const frames = new Frames();
    const client = ada.browser.open(server.url, { WebSocket: frames.WebSocket });
    client.connect();
    const room = await enter(client, slug);
    const { id } = room.info.get()!;
    const crowd = await Promise.all(range(1, 20).map(() => Account.register(server.url, "Bob")));
    const pages = crowd.map(({ token }) => {
      const page = createClient(server.url, { token: () => Promise.resolve(token) });
      page.connect();
      return page;
    });
    try {
      await Promise.all(pages.flatMap((page) => {
        const bobs = page.join(id);
        return range(1, 20).map((i) => bobs.send(String(i)));
      }));
      await shows(room, 401);
    } finally {
      for (const page of pages) page.close();
    }
    assert.equal(frames.protocol, "echoroom.batch");
    assert.ok(frames.batches > 0);
    assert.deepEqual(seqs(room), range(1, 401));
  }));

Deno.test("a server that is killed and restarted has every message once, in order", () =>
  onProcess(async ({ newPerson, newRoom, restart }) => {
    const { client, browser } = await newPerson("Ada");
    const room = await enter(client, await newRoom({ client }));
    const wanted = range(1, 100).map((i) => `Message ${i}`);
    const sends = wanted.map((text) => room.send(text));
    await sends[10];
    await restart("SIGKILL");
    const acks = await Promise.all(sends);
    assert.deepEqual(acks.map(({ seq }) => seq), range(2, 101));
    await shows(room, 101);
    assert.deepEqual(texts(room).slice(1), wanted);
    const { messages } = await client.api.readMessages(room.id, { limit: 100 });
    assert.deepEqual(messages.map(({ text }) => text), wanted);
    assert.equal(browser.storage.length, 0);
  }));

Deno.test("a message written while the server is dead goes out once it lives again", () =>
  onProcess(async ({ newPerson, newRoom, restart }) => {
    const { client } = await newPerson("Ada");
    const room = await enter(client, await newRoom({ client }));
    let sent: Promise<{ seq: number }> | undefined;
    await restart("SIGKILL", async () => {
      await becomes(client.connection, ({ status }) => status !== "online");
      sent = room.send("Hello");
    });
    assert.equal((await sent!).seq, 2);
    await shows(room, 2);
  }));

Deno.test("after a restart the recovery counts what was written before the return", () =>
  onProcess(async ({ newPerson, newRoom, restart }) => {
    const ada = await newPerson("Ada", { timing: PATIENT });
    const bob = await newPerson("Bob");
    const slug = await newRoom(ada);
    const [room, bobs] = await enterBoth(ada, bob, slug);
    await restart("SIGKILL");
    await Promise.all(range(1, 3).map((i) => bobs.send(`Message ${i}`)));
    assert.equal(ada.client.connection.get().status, "waiting");
    ada.client.connect();
    await reaches(room.state, "live");
    assert.deepEqual(room.recovery.get(), { messages: 3, reset: false });
    assert.deepEqual(seqs(room), range(1, 4));
  }));

Deno.test("when the database was restored the list is replaced by what the server has", () =>
  onProcess(async ({ newPerson, newRoom, restart, backUp }) => {
    const ada = await newPerson("Ada");
    const bob = await newPerson("Bob");
    const slug = await newRoom(ada);
    await write(bob, slug, 70);
    let backup = "";
    await restart("SIGTERM", async () => {
      backup = await backUp();
    });
    const room = await enter(ada.client, slug);
    await Promise.all(range(1, 5).map((i) => room.send(`Lost ${i}`)));
    await becomes(room.messages, () => room.cursor === 76);
    await restart("SIGTERM", () => Promise.resolve(), { DATA_DIR: backup });
    const recovery = await becomes(room.recovery, (recovery) => recovery?.reset === true);
    assert.equal(recovery?.reset, true);
    await reaches(room.state, "live");
    assert.deepEqual(seqs(room), range(22, 71));
    assert.equal(room.cursor, 71);
    assert.equal((await room.send("New")).seq, 72);
    await shows(room, 51);
    await room.loadOlder();
    assert.deepEqual(seqs(room), range(1, 72));
    assert.equal(texts(room).some((text) => text.startsWith("Lost")), false);
  }));

interface Person {
  client: Client;
  browser: TestBrowser;
  account: { email: string; password: string };
}

/** A server and those who use it; all of them are closed with it. */
class World {
  server: TestServer;
  readonly #browsers: TestBrowser[] = [];

  constructor(server: TestServer) {
    this.server = server;
  }

  /** A client in a browser that nobody has used. */
  readonly newPage = (options: ClientOptions = {}): Client => {
    const browser = new TestBrowser();
    this.#browsers.push(browser);
    return browser.open(this.server.url, { timing: TIMING, ...options });
  };

  /** Somebody who is signed in and online. */
  readonly newPerson = async (name: string, options: ClientOptions = {}): Promise<Person> => {
    const browser = new TestBrowser();
    this.#browsers.push(browser);
    const client = browser.open(this.server.url, { timing: TIMING, ...options });
    const account = newAccount(name);
    await client.register(account);
    await reaches(client.connection, "online");
    return { client, browser, account };
  };

  /** Makes a room with one entry, and returns its slug. */
  readonly newRoom = async ({ client }: { client: Client }): Promise<string> =>
    (await client.api.createRoom({ name: "Room" })).slug;

  async end(): Promise<void> {
    for (const browser of this.#browsers) browser.close();
    await this.server.stop();
  }
}

async function onServer(
  act: (world: World) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  const world = new World(await startServer(settings));
  try {
    await act(world);
  } finally {
    await world.end();
  }
}

interface RoomWorld {
  server: TestServer;
  ada: Person;
  bob: Person;
  slug: string;
}

/** A room of Ada's, whom Bob may visit. */
function onRoom(act: (world: RoomWorld) => Promise<void>): Promise<void> {
  return onServer(async ({ server, newPerson, newRoom }) => {
    const [ada, bob] = await Promise.all([newPerson("Ada"), newPerson("Bob")]);
    await act({ server, ada, bob, slug: await newRoom(ada) });
  });
}

/** A server in a process of its own, which may end and come back at the same address. */
class ProcessWorld extends World {
  #process: ServerProcess;

  constructor(process: ServerProcess) {
    super(process);
    this.#process = process;
  }

  /** @param meanwhile is done while there is no server */
  readonly restart = async (
    signal: Deno.Signal,
    meanwhile: () => Promise<void> = () => Promise.resolve(),
    settings: Record<string, string> = {},
  ): Promise<void> => {
    const { port } = new URL(this.server.url);
    this.#process.kill(signal);
    await this.#process.ended;
    await meanwhile();
    this.#process = await spawnServer({ ...this.server.settings, PORT: port, ...settings });
    this.server = this.#process;
  };

  /** Copies the data of a server that has ended. */
  readonly backUp = async (): Promise<string> => {
    const folder = this.server.settings.DATA_DIR!;
    const copy = await Deno.makeTempDir();
    for await (const { name } of Deno.readDir(folder)) {
      await Deno.copyFile(join(folder, name), join(copy, name));
    }
    return copy;
  };
}

async function onProcess(act: (world: ProcessWorld) => Promise<void>): Promise<void> {
  const world = new ProcessWorld(await spawnServer());
  try {
    await act(world);
  } finally {
    await world.end();
  }
}

/** What passes over the sockets of a client. */
class Frames {
  /** The names of all events received. */
  readonly events: string[] = [];
  /** How many frames held several events. */
  batches = 0;
  protocol = "";
  readonly WebSocket: typeof WebSocket;
  #waiting: (() => void)[] = [];

  /** @param mute an event that is not passed on to the server */
  constructor({ mute = "" } = {}) {
    const take = (frame: unknown) => this.#take(frame);
    const opened = (protocol: string) => this.protocol = protocol;
    this.WebSocket = class extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args);
        this.addEventListener("open", () => opened(this.protocol));
        this.addEventListener("message", ({ data }) => take(JSON.parse(data)));
      }

      override send(data: string): void {
        if (JSON.parse(data).event !== mute) super.send(data);
      }
    };
  }

  /** Resolves when the next event of this name has come. */
  async received(name: string): Promise<void> {
    const before = this.events.length;
    await withDeadline(name, async () => {
      while (!this.events.slice(before).includes(name)) {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    });
  }

  #take(frame: unknown): void {
    if (Array.isArray(frame)) this.batches++;
    this.events.push(...[frame].flat().map((event) => (event as { event: string }).event));
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** Holds the answers of one route back until they are released. */
class SlowFetch {
  readonly answered: Promise<void>;
  readonly fetch: typeof fetch;
  readonly release: () => void;
  #taken = 0;

  constructor(browser: TestBrowser, path: string) {
    const answered = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.answered = answered.promise;
    this.release = released.resolve;
    this.fetch = async (input, init) => {
      const response = await fetchIn(browser, input, init);
      if (!String(input).endsWith(path)) return response;
      answered.resolve();
      await released.promise;
      this.#taken++;
      return response;
    };
  }

  /** Resolves when a released answer was read. */
  async taken(): Promise<void> {
    do await nextTurn(); while (this.#taken === 0);
    // Reading the body takes turns of its own.
    for (let i = 0; i < 20; i++) await nextTurn();
  }
}

async function fetchIn(browser: TestBrowser, input: RequestInfo | URL, init?: RequestInit) {
  const headers = new Headers(init?.headers);
  if (browser.cookie) headers.set("Cookie", browser.cookie);
  const response = await fetch(input, { ...init, headers });
  for (const cookie of response.headers.getSetCookie()) browser.cookie = cookie.split(";")[0]!;
  return response;
}

class Counter {
  #count = 0;
  #waiting: (() => void)[] = [];

  increment(): void {
    this.#count++;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async reaches(count: number): Promise<void> {
    await withDeadline(`${count}`, async () => {
      while (this.#count < count) {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    });
  }
}

async function withDeadline(what: string, work: () => Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`never: ${what}`)), DEADLINE_MS);
  });
  await Promise.race([work(), late]).finally(() => clearTimeout(timer));
}

/** Resolves after everything that the present turn has set off without waiting for others. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

async function enter(client: Client, idOrSlug: string): Promise<Room> {
  const room = client.join(idOrSlug);
  await reaches(room.state, "live");
  return room;
}

function enterBoth(ada: Person, bob: Person, slug: string): Promise<[Room, Room]> {
  return Promise.all([enter(ada.client, slug), enter(bob.client, slug)]);
}

/** Writes without a connection, and closes the page. */
async function writeOffline({ client }: Person, slug: string, texts: string[]): Promise<void> {
  const room = await enter(client, slug);
  client.disconnect();
  for (const text of texts) room.send(text).catch(() => {});
  client.close();
}

async function write({ client }: Person, slug: string, count: number): Promise<void> {
  const room = client.join(slug);
  await Promise.all(range(1, count).map((i) => room.send(`Message ${i}`)));
  room.leave();
}

/** Waits until so many messages are shown, all of them the server's. */
async function shows(room: Room, count: number): Promise<void> {
  const isSent = ({ state }: ChatMessage) => state === "sent";
  await becomes(room.messages, (all) => all.length >= count && all.every(isSent));
  assert.equal(room.messages.get().length, count);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function texts(room: Room): string[] {
  return room.messages.get().map(({ text }) => text);
}

function seqs(room: Room): (number | null)[] {
  return room.messages.get().map(({ seq }) => seq);
}
