/** Observables: the same value until it changes, and one notification a turn. */
import assert from "node:assert/strict";
import { becomes, QUICK } from "./harness/client.ts";
import { Frames } from "./harness/client_network.ts";
import { enter, onRoom, shows } from "./harness/client_world.ts";
import { nextTurn } from "./harness/stage.ts";

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

Deno.test("the list of messages is the same array after a check that found nothing", () =>
  onRoom(async ({ ada, slug, server }) => {
    const frames = new Frames();
    const client = ada.browser.open(server.url, { WebSocket: frames.WebSocket, timing: QUICK });
    client.connect();
    const room = await enter(client, slug);
    const before = room.messages.get();
    let notified = 0;
    room.messages.subscribe(() => notified++);
    await frames.received("connection:missed");
    await nextTurn();
    assert.equal(notified, 0);
    assert.equal(room.messages.get(), before);
  }));

Deno.test("a listener is called once for all changes of one turn", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    ada.client.disconnect();
    let notified = 0;
    room.messages.subscribe(() => notified++);
    for (const text of ["One", "Two", "Three"]) room.send(text).catch(() => {});
    assert.equal(notified, 0);
    await nextTurn();
    assert.equal(notified, 1);
    assert.equal(room.messages.get().length, 4);
  }));

Deno.test("a listener that throws stops neither the other listeners nor the client", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    const thrown: unknown[] = [];
    const onError = (event: ErrorEvent) => {
      event.preventDefault();
      thrown.push(event.error);
    };
    addEventListener("error", onError);
    const fault = new Error("of the app");
    let notified = 0;
    const end = room.messages.subscribe(() => {
      throw fault;
    });
    room.messages.subscribe(() => notified++);
    await room.send("Hello");
    await shows(room, 2);
    end();
    await nextTurn();
    removeEventListener("error", onError);
    assert.ok(notified > 0);
    assert.ok(thrown.length > 0, "the fault is reported");
    assert.ok(thrown.every((error) => error === fault));
  }));

Deno.test("a subscription that has ended is not notified, not even within the same turn", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    let notified = 0;
    const end = room.messages.subscribe(() => notified++);
    const sent = room.send("Hello");
    end();
    await sent;
    await shows(room, 2);
    assert.equal(notified, 0);
  }));
