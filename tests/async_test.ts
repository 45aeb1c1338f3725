/** What asynchronous building blocks guarantee: the deadline, the batcher and the single flight. */
import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { Batcher } from "../src/async/batcher.ts";
import { within } from "../src/async/deadline.ts";
import { CoalescingQueue } from "../src/async/coalescing_queue.ts";
import { SingleFlight, SingleFlights } from "../src/async/single_flight.ts";
import { nextTurn } from "./harness/stage.ts";

const LONG_MS = 60_000;
const never = new Promise<never>(() => {});

Deno.test("a promise that settles before its deadline settles as it does", async () => {
  assert.equal(await within(Promise.resolve(1), LONG_MS, () => 2), 1);
  const failed = within(Promise.reject(new Error("failed")), LONG_MS, () => 2);
  await assert.rejects(failed, { message: "failed" });
});

Deno.test("after the deadline the result, or the error, is that of the timeout", async () => {
  assert.equal(await within(never, 1, () => 2), 2);
  const late = () => {
    throw new Error("late");
  };
  await assert.rejects(within(never, 1, late), { message: "late" });
});

Deno.test("a deadline that has passed is no fault of the timer, of which the runtime would warn", async () => {
  const warnings: string[] = [];
  const note = ({ name }: Error) => warnings.push(name);
  process.on("warning", note);
  assert.equal(await within(never, -100, () => "late"), "late");
  await nextTurn();
  process.off("warning", note);
  assert.deepEqual(warnings, []);
});

Deno.test("work that fails after its deadline is no unhandled rejection", async () => {
  const work = Promise.withResolvers<void>();
  assert.equal(await within(work.promise, 1, () => "late"), "late");
  work.reject(new Error("failed"));
  await nextTurn();
});

/** A batcher whose batches end when the test says, and what they held. */
function openBatcher(take: (waiting: number[]) => number[]) {
  const batches: number[][] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  let idleCalls = 0;
  const batcher = new Batcher<number>((waiting) => {
    batches.push(take(waiting));
    const end = Promise.withResolvers<void>();
    ends.push(end);
    return end.promise;
  }, () => idleCalls++);
  return { batcher, batches, ends, idleCalls: () => idleCalls };
}

Deno.test("the first item is a batch at once, and what arrives meanwhile is the next", async () => {
  const { batcher, batches, ends, idleCalls } = openBatcher((waiting) => waiting.splice(0));
  for (const item of [1, 2, 3]) batcher.add(item);
  assert.deepEqual(batches, [[1]]);
  ends[0]!.resolve();
  await nextTurn();
  assert.deepEqual(batches, [[1], [2, 3]]);
  assert.equal(idleCalls(), 0);
  ends[1]!.resolve();
  await batcher.idle();
  assert.equal(idleCalls(), 1);
  batcher.add(4);
  assert.deepEqual(batches, [[1], [2, 3], [4]]);
});

Deno.test("items that a batch puts back are the first of the next one", async () => {
  const { batcher, batches, ends } = openBatcher((waiting) => waiting.splice(0, 2));
  for (const item of [1, 2, 3, 4]) batcher.add(item);
  ends[0]!.resolve();
  await nextTurn();
  batcher.waiting.unshift(3);
  ends[1]!.resolve();
  await nextTurn();
  assert.deepEqual(batches, [[1], [2, 3], [3, 4]]);
});

Deno.test("an idle batcher reports that at once", async () => {
  await new Batcher(() => never).idle();
});

Deno.test("whatever the schedule, each item is in one batch, in order, and batches do not overlap", () =>
  fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.nat(20),
      fc.integer({ min: 1, max: 5 }),
      async (s, n, max) => {
        const done: number[] = [];
        let inFlight = 0;
        const batcher = new Batcher<number>(async (waiting) => {
          assert.equal(++inFlight, 1);
          const batch = waiting.splice(0, max);
          await s.schedule(Promise.resolve());
          done.push(...batch);
          inFlight--;
        });
        const items = Array.from({ length: n }, (_, i) => i);
        s.scheduleSequence(items.map((item) => () => Promise.resolve(batcher.add(item))));
        await s.waitIdle();
        await batcher.idle();
        assert.deepEqual(done, items);
      },
    ),
  ));

Deno.test("callers during a run share the next one", async () => {
  const ends: PromiseWithResolvers<void>[] = [];
  const flight = new SingleFlight(() => {
    const end = Promise.withResolvers<void>();
    ends.push(end);
    return end.promise;
  });
  const first = [flight.run(), flight.run()];
  assert.equal(ends.length, 0, "none begins in the turn of the call");
  await nextTurn();
  const second = [flight.run(), flight.run()];
  await nextTurn();
  assert.equal(ends.length, 1);
  ends[0]!.resolve();
  await Promise.all(first);
  await nextTurn();
  assert.equal(ends.length, 2);
  ends[1]!.resolve();
  await Promise.all(second);
});

Deno.test("a failed run fails for its callers, and for no later ones", async () => {
  let runs = 0;
  const flight = new SingleFlight(() => {
    return runs++ === 0 ? Promise.reject(new Error("failed")) : Promise.resolve();
  });
  const failed = flight.run();
  await assert.rejects(failed, { message: "failed" });
  await flight.run();
});

Deno.test("whatever the schedule, a call is answered by a run that began after it", () =>
  fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.nat(20), async (s, n) => {
      let [asked, seen, inFlight] = [0, 0, 0];
      const flight = new SingleFlight(async () => {
        assert.equal(++inFlight, 1);
        const read = asked;
        await s.schedule(Promise.resolve());
        seen = read;
        inFlight--;
      });
      const answers: Promise<void>[] = [];
      s.scheduleSequence(Array.from({ length: n }, () => () => {
        const number = ++asked;
        answers.push(flight.run().then(() => assert.ok(seen >= number)));
        return Promise.resolve();
      }));
      await s.waitIdle();
      await Promise.all(answers);
      assert.equal(answers.length, n);
    }),
  ));

Deno.test("flights of different keys run side by side, those of one key are shared", async () => {
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const flights = new SingleFlights(async (key) => {
    begun.push(key);
    ends.set(key, Promise.withResolvers());
    await ends.get(key)!.promise;
    return `${key} ${begun.length}`;
  });
  const first = [flights.run("a"), flights.run("a"), flights.run("b")];
  await nextTurn();
  assert.deepEqual(begun, ["a", "b"]);
  const second = flights.run("a");
  ends.get("a")!.resolve();
  ends.get("b")!.resolve();
  assert.deepEqual(await Promise.all(first), ["a 2", "a 2", "b 2"]);
  await nextTurn();
  ends.get("a")!.resolve();
  assert.equal(await second, "a 3");
});

/** A queue whose work ends when the test says, by key, and what was begun. */
function openQueue(concurrency: number) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const queue = new CoalescingQueue(concurrency, (key) => {
    begun.push(key);
    return new Promise((resolve) => ends.set(key, resolve));
  });
  const end = async (key: string) => {
    ends.get(key)!();
    await nextTurn();
  };
  return { queue, begun, end };
}

Deno.test("a coalescing queue holds a key that waits once, and does a few at a time", async () => {
  const { queue, begun, end } = openQueue(2);
  for (const key of ["a", "b", "c", "d", "c", "d", "c"]) queue.add(key);
  await nextTurn();
  assert.deepEqual(begun, ["a", "b"]);
  await end("b");
  assert.deepEqual(begun, ["a", "b", "c"]);
  await end("a");
  await end("c");
  await end("d");
  assert.deepEqual(begun, ["a", "b", "c", "d"]);
});

Deno.test("a key that is added while its work is under way is worked on once more, after it", async () => {
  const { queue, begun, end } = openQueue(2);
  queue.add("a");
  await nextTurn();
  for (const key of ["a", "a", "b"]) queue.add(key);
  await nextTurn();
  assert.deepEqual(begun, ["a", "b"]);
  await end("a");
  assert.deepEqual(begun, ["a", "b", "a"]);
  await end("a");
  await end("b");
  assert.deepEqual(begun, ["a", "b", "a"]);
});
