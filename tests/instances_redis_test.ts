/** Several instances whose events Redis carries. */
import { testInstances } from "./conformance/instances.ts";
import { RedisServer } from "./harness/redis_server.ts";
import { SQLITE } from "./harness/stores.ts";

const redis = new RedisServer();
Deno.test.beforeAll(() => redis.start());
Deno.test.afterAll(() => redis.remove());

testInstances({
  name: "Redis",
  fresh: async () => ({ ...await SQLITE.fresh(), REDIS_URL: redis.url }),
});
