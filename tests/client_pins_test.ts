/** A room's pins: loaded when they are asked for, then what the server has, whatever happens meanwhile. */
// @slow: several servers and clients
import assert from "node:assert/strict";
import type { ChatMessage, Room } from "../src/client/mod.ts";
import { becomes, reaches } from "./harness/client.ts";
import { SlowFetch } from "./harness/client_network.ts";
import { enter, enterBoth, onRoom, type RoomWorld } from "./harness/client_world.ts";

/** Uses a room's pins, and waits until they have these texts, with nothing on its way. */
async function pinned(room: Room, ...texts: string[]): Promise<readonly ChatMessage[]> {
  const pins = await becomes(room.pins, (all) => {
    const isSettled = all?.every(({ isChanging }) => !isChanging);
    return isSettled === true && `${all!.map(({ text }) => text)}` === `${texts}`;
  });
  return pins!;
}

async function stored({ ada, slug }: RoomWorld): Promise<string[]> {
  const { messages } = await ada.client.api.readPins(slug);
  return messages.map(({ text }) => text);
}

/** A room with three messages of Ada's. */
function withMessages(
  act: (world: RoomWorld & { adas: Room; bobs: Room; ids: string[] }) => Promise<void>,
): Promise<void> {
  return onRoom(async (world) => {
    const [adas, bobs] = await enterBoth(world.ada, world.bob, world.slug);
    const acks = [];
    for (const text of ["One", "Two", "Three"]) acks.push(await adas.send(text));
    await act({ ...world, adas, bobs, ids: acks.map(({ id }) => id) });
  });
}

Deno.test("pins are loaded once somebody subscribes, and then kept by what happens in the room", () =>
  withMessages(async (world) => {
    const { adas, bobs, ids: [one, two, three] } = world;
    await adas.pin(two!);
    assert.equal(bobs.pins.get(), null);
    const end = bobs.pins.subscribe(() => {});
    await pinned(bobs, "Two");
    await adas.pin(one!);
    await adas.pin(three!);
    await pinned(bobs, "One", "Two", "Three");
    await adas.edit(two!, "Second");
    await bobs.react(one!, "👍");
    await adas.delete(three!);
    await pinned(bobs, "One", "Second");
    await becomes(bobs.pins, (all) => all![0]!.ownReactions.includes("👍"));
    await adas.unpin(one!);
    await pinned(bobs, "Second");
    assert.deepEqual(await stored(world), ["Second"]);
    end();
  }));

Deno.test("pins are right after an absence in which messages were pinned, edited, deleted and unpinned", () =>
  withMessages(async (world) => {
    const { bob, adas, bobs, ids: [one, two, three] } = world;
    for (const id of [one!, two!]) await adas.pin(id);
    const end = bobs.pins.subscribe(() => {});
    await pinned(bobs, "One", "Two");
    bob.client.disconnect();
    await adas.unpin(one!);
    await adas.pin(three!);
    await adas.edit(three!, "Third");
    await adas.delete(two!);
    assert.equal(bobs.pins.get()!.length, 2);
    bob.client.connect();
    await pinned(bobs, "Third");
    end();
  }));

Deno.test("one's own pin is shown at once, and taken back if the server refuses it", () =>
  withMessages(async ({ adas, bobs, ids: [one] }) => {
    for (const room of [adas, bobs]) room.pins.subscribe(() => {});
    await Promise.all([pinned(adas), pinned(bobs)]);
    const refused = assert.rejects(bobs.pin(one!), { code: "forbidden" });
    assert.deepEqual(bobs.pins.get()!.map(({ text }) => text), ["One"]);
    await refused;
    await pinned(bobs);
    const done = adas.pin(one!);
    assert.equal(adas.pins.get()!.length, 1);
    await done;
    const unpinned = adas.unpin(one!);
    assert.equal(adas.pins.get()!.length, 0);
    await unpinned;
    await pinned(adas);
  }));

Deno.test("what happens while the list is on its way is in it", () =>
  withMessages(async ({ server, ada, adas, ids: [one, two, three] }) => {
    for (const id of [one!, two!]) await adas.pin(id);
    const slow = new SlowFetch(ada.browser, "/pins");
    const page = ada.browser.open(server.url, { fetch: slow.fetch });
    page.connect();
    const room = await enter(page, adas.id);
    const end = room.pins.subscribe(() => {});
    await slow.answered;
    await adas.unpin(one!);
    await adas.edit(two!, "Second");
    await adas.pin(three!);
    await becomes(room.messages, (all) => all.at(-1)!.pinned);
    assert.equal(room.pins.get(), null);
    slow.release();
    await pinned(room, "Second", "Three");
    end();
  }));

Deno.test("pins that are asked for offline are loaded with the next connection", () =>
  withMessages(async ({ ada, adas, ids: [one] }) => {
    await adas.pin(one!);
    ada.client.disconnect();
    const end = adas.pins.subscribe(() => {});
    assert.equal(adas.pins.get(), null);
    ada.client.connect();
    await reaches(adas.state, "live");
    await pinned(adas, "One");
    end();
  }));
