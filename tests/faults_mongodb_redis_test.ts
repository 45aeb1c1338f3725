/** What people notice on three instances with MongoDB and Redis when parts die, hang or lose events. */
import { MongodbServer } from "./harness/mongodb_server.ts";
import { RedisServer } from "./harness/redis_server.ts";
import { chaos, chatThrough, rollingRestart } from "./faults/scenario.ts";

const SITE = { instances: 3, mongodb: true, redis: true };
const ignore = !MongodbServer.available || !RedisServer.available;

Deno.test({
  name: "whatever dies or hangs, no client loses, repeats or misorders an entry (Redis)",
  ignore,
}, () => chatThrough(chaos, SITE));

Deno.test({
  name: "a bus that also loses one in five events costs no client an entry (Redis)",
  ignore,
}, () => chatThrough(chaos, { ...SITE, lossy: 5 }));

Deno.test({
  name:
    "a rolling restart of three instances under load: nobody misses or repeats an entry (Redis)",
  ignore,
}, () => chatThrough(rollingRestart, SITE));
