/** Limits whose shared counts fail, hang or come late: each instance then counts for itself. */
import assert from "node:assert/strict";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { SharedLimiter, SharedLimiters } from "../src/ports/rate_limits.ts";
import { type Policy, RateLimits } from "../src/services/rate_limits.ts";
import { until } from "./harness/stage.ts";

const KEY = "ada@example.com 127.0.0.1";

const FAILING: SharedLimiter = {
  penalty: () => Promise.reject(new Error("The connection is closed.")),
  delete: () => Promise.reject(new Error("The connection is closed.")),
};
const HANGING: SharedLimiter = {
  penalty: () => new Promise(() => {}),
  delete: () => new Promise(() => {}),
};

for (const [fault, shared] of [["fails", FAILING], ["hangs", HANGING]] as const) {
  test(
    `wrong passwords are counted here while the shared count ${fault}`,
    () => shared,
    async (limits) => {
      assert.deepEqual(await use(limits, "loginAccount", 10), Array(10).fill(true));
      assert.deepEqual(await use(limits, "loginAccount", 1), [false]);
    },
  );

  test(`sends are counted here while the shared count ${fault}`, () => shared, async (limits) => {
    assert.deepEqual(await use(limits, "message", 60), Array(60).fill(true));
    assert.deepEqual(await use(limits, "message", 1), [false]);
  });

  test(
    `a success is reset here while the shared count ${fault}`,
    () => shared,
    async (limits) => {
      await use(limits, "loginAccount", 10);
      let reset = false;
      limits.reset("loginAccount", KEY).then(() => reset = true);
      await until(() => reset, "it is reset");
      assert.deepEqual(await use(limits, "loginAccount", 1), [true]);
    },
  );
}

test("the shared count decides again once it answers", flaky, async (limits, shared) => {
  shared.unavailable = true;
  await use(limits, "loginAccount", 10);
  assert.deepEqual(await use(limits, "loginAccount", 1), [false]);
  shared.unavailable = false;
  assert.deepEqual(await use(limits, "loginAccount", 10), Array(10).fill(true));
  assert.deepEqual(await use(limits, "loginAccount", 1), [false]);
});

test("wrong passwords elsewhere count here at once", flaky, async (limits, shared) => {
  await shared.elsewhere("loginAccount", 9);
  assert.deepEqual(await use(limits, "loginAccount", 1), [true]);
  assert.deepEqual(await use(limits, "loginAccount", 1), [false]);
});

test("sends elsewhere count here after a while", flaky, async (limits, shared) => {
  await shared.elsewhere("message", 60);
  assert.deepEqual(await use(limits, "message", 1), [true]);
  await until(async () => !(await use(limits, "message", 1))[0], "one is refused");
});

test("uses that are gathered all reach the shared count", flaky, async (limits, shared) => {
  await use(limits, "message", 25);
  await until(() => shared.counted("message") === 25, "all are counted");
});

Deno.test("limits that are off count nothing, anywhere", async () => {
  const shared = flaky();
  const limits = new RateLimits(false, shared.limiters);
  assert.equal(await limits.tryConsume("loginAccount", KEY), null);
  await limits.consume("message", KEY);
  await limits.reset("loginAccount", KEY);
  limits.close();
  assert.equal(shared.counted("loginAccount") + shared.counted("message"), 0);
});

/** Registers a test of limits whose shared counts are as `create` makes them. */
function test<Shared extends SharedLimiter | Flaky>(
  sentence: string,
  create: () => Shared,
  act: (limits: RateLimits, shared: Shared) => Promise<void>,
): void {
  Deno.test(sentence, async () => {
    const shared = create();
    const limiters: SharedLimiters = "limiters" in shared ? shared.limiters : () => shared;
    const limits = new RateLimits(true, limiters);
    try {
      await act(limits, shared);
    } finally {
      limits.close();
    }
  });
}

/** Uses a policy so often at once; whether each use was allowed. */
async function use(limits: RateLimits, policy: Policy, times: number): Promise<boolean[]> {
  const quotas = await Promise.all(
    Array.from({ length: times }, () => limits.tryConsume(policy, KEY)),
  );
  return quotas.map((quota) => quota?.allowed ?? false);
}

/** Shared counts that can become unavailable, and that can be read. */
interface Flaky {
  unavailable: boolean;
  readonly limiters: SharedLimiters;
  /** Counts uses of another instance. */
  elsewhere(policy: Policy, times: number): Promise<unknown>;
  /** How much this instance has counted. */
  counted(policy: Policy): number;
}

function flaky(): Flaky {
  const limiters = new Map<string, RateLimiterMemory>();
  const counts = new Map<string, number>();
  const shared: Flaky = {
    unavailable: false,
    limiters(options) {
      const limiter = new RateLimiterMemory(options);
      limiters.set(options.keyPrefix, limiter);
      return {
        penalty(key, points) {
          if (shared.unavailable) return FAILING.penalty(key, points);
          counts.set(options.keyPrefix, (counts.get(options.keyPrefix) ?? 0) + points);
          return limiter.penalty(key, points);
        },
        delete: (key) => shared.unavailable ? FAILING.delete(key) : limiter.delete(key),
      };
    },
    elsewhere: (policy, times) => limiters.get(policy)!.penalty(KEY, times),
    counted: (policy) => counts.get(policy) ?? 0,
  };
  return shared;
}
