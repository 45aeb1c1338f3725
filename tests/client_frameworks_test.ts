/** The adapters for Svelte and Vue, with the stores and the reactivity of the real ones. */
import assert from "node:assert/strict";
import { derived, get } from "svelte/store";
import { effectScope, nextTick, ref, watchEffect } from "vue";
import { toStore } from "../src/client/svelte.ts";
import { TestServer, waitFor } from "../src/client/testing/mod.ts";
import { useObservable, useRoom } from "../src/client/vue.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { nextTurn } from "./harness/stage.ts";

/** A server with Ada, who is online, and rooms of Bob's. */
async function onServer(act: (world: ReturnType<typeof makeWorld>) => Promise<void>) {
  const world = makeWorld();
  try {
    await waitFor(world.client.connection, ({ status }) => status === "online", HANG_MS);
    await act(world);
  } finally {
    world.server.close();
  }
}

function makeWorld() {
  const server = new TestServer();
  const [ada, bob] = [server.createUser("Ada"), server.createUser("Bob")];
  for (const name of ["General", "Random"]) bob.createRoom(name);
  return { server, ada, bob, client: server.createClient(ada) };
}

Deno.test("Svelte reads a store's value at once, and after each change", () =>
  onServer(async ({ bob, client }) => {
    const room = client.join("general");
    await waitFor(room.messages, ({ length }) => length === 1, HANG_MS);
    const messages = toStore(room.messages);
    assert.equal(get(messages), room.messages.get());
    const counts: number[] = [];
    const end = derived(messages, ({ length }) => length).subscribe((n) => counts.push(n));
    bob.send("general", "Hello");
    await nextTurn();
    end();
    bob.send("general", "Unseen");
    await nextTurn();
    assert.deepEqual(counts, [1, 2]);
  }));

Deno.test("a Vue component follows what is there, and leaves its room with its scope", () =>
  onServer(async ({ bob, client }) => {
    const name = ref("general");
    const scope = effectScope();
    const shown: string[] = [];
    scope.run(() => {
      const room = useRoom(client, name);
      const messages = useObservable(() => room.value.messages);
      watchEffect(() => {
        const last = messages.value.at(-1)?.text;
        if (last) shown.push(`${room.value.name}: ${last}`);
      });
    });
    const general = client.join("general");
    await waitFor(general.state, ({ status }) => status === "live", HANG_MS);
    bob.send("general", "Hello");
    await nextTurn();
    general.leave();
    name.value = "random";
    assert.equal(general.state.get().status, "left");
    const random = client.join("random");
    await waitFor(random.state, ({ status }) => status === "live", HANG_MS);
    bob.send("general", "Unseen");
    bob.send("random", "Hi");
    await nextTurn();
    random.leave();
    scope.stop();
    assert.equal(random.state.get().status, "left");
    await nextTick();
    assert.equal(shown[0], "general: Bob created the room");
    assert.deepEqual(shown.slice(-1), ["random: Hi"]);
    assert.ok(shown.includes("general: Hello") && !shown.includes("general: Unseen"));
  }));

Deno.test("a Vue component joins its room again for the next user", () =>
  onServer(async ({ ada, bob, client }) => {
    const scope = effectScope();
    const [room, user] = scope.run(() => {
      return [useRoom(client, "general"), useObservable(client.user)] as const;
    })!;
    const first = room.value;
    ada.signOut();
    await waitFor(first.state, ({ status }) => status === "left", HANG_MS);
    await client.login({ email: bob.email, password: bob.password });
    await nextTurn();
    assert.notEqual(room.value, first);
    assert.equal(user.value?.id, bob.id);
    await waitFor(room.value.messages, ({ length }) => length === 1, HANG_MS);
    scope.stop();
  }));
