/** Limits that instances share through Redis. */
import { testSharedLimits } from "./conformance/rate_limits.ts";
import { RedisServer } from "./harness/redis_server.ts";
import { SQLITE } from "./harness/stores.ts";

const redis = new RedisServer();
Deno.test.beforeAll(() => redis.start());
Deno.test.afterAll(() => redis.remove());

let deployments = 0;

testSharedLimits({
  name: "limits in Redis",
  // Each with a database of its own: all tests come from one address.
  fresh: async () => ({ ...await SQLITE.fresh(), REDIS_URL: `${redis.url}/${++deployments}` }),
});
