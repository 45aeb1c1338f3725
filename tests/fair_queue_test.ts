/** Turns that are shared among those who wait for them. */
import assert from "node:assert/strict";
import { FairQueue } from "../src/async/fair_queue.ts";

/** Takes turns that end when they are told to, and notes their order. */
function turnsOf(queue: FairQueue) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const take = async (owner: string) => {
    using _turn = await queue.take(owner);
    begun.push(owner);
    const end = Promise.withResolvers<void>();
    ends.push(end.resolve);
    await end.promise;
  };
  /** Ends the turns under way, one after the other, until none begins any more. */
  const endAll = async (turns: Promise<void>[]) => {
    const all = Promise.all(turns);
    while (begun.length < turns.length || ends.length > 0) {
      ends.shift()?.();
      await new Promise((resolve) => setTimeout(resolve));
    }
    await all;
  };
  return { begun, take, endAll };
}

Deno.test("those who wait take turns, however many things each wants done", async () => {
  const { begun, take, endAll } = turnsOf(new FairQueue(1));
  await endAll(["a", "a", "a", "a", "b", "b", "c"].map(take));
  // The first began before anybody waited.
  assert.equal(begun.join(""), "aabcaba");
});

Deno.test("as many turns are under way as may be, and no more", async () => {
  const queue = new FairQueue(2);
  const { begun, take, endAll } = turnsOf(queue);
  const turns = ["a", "a", "a", "a", "b"].map(take);
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(begun.join(""), "aa");
  assert.equal(queue.size, 5);
  await endAll(turns);
  assert.equal(begun.join(""), "aaaba");
  assert.equal(queue.size, 0);
});

Deno.test("a turn that ends by an error lets the next one begin", async () => {
  const queue = new FairQueue(1);
  const fail = async () => {
    using _turn = await queue.take("a");
    throw new Error("Damaged.");
  };
  await assert.rejects(fail(), { message: "Damaged." });
  using _next = await queue.take("a");
  assert.equal(queue.size, 1);
});

Deno.test("what comes before a turn is counted as the turns are taken", async () => {
  const queue = new FairQueue(1);
  const { take, endAll } = turnsOf(queue);
  const turns = ["a", "a", "a", "a", "b"].map(take);
  // One of Ada's is under way, three wait, and one of Bob's.
  assert.deepEqual(["a", "b", "c"].map((owner) => queue.ahead(owner)), [4, 3, 2]);
  await endAll(turns);
  assert.equal(queue.ahead("a"), 0);
});
