/** A ban has a place in the log, on three instances of which some die, over a bus that loses events. */
import { banUnderLoad } from "./faults/bans.ts";
import { MongodbServer } from "./harness/mongodb_server.ts";
import { RedisServer } from "./harness/redis_server.ts";

const SITE = { instances: 3, mongodb: true, lossy: 3 };

Deno.test({
  name: "nothing by the banned or to them comes after a ban (change streams)",
  ignore: !MongodbServer.available,
}, () => banUnderLoad({ ...SITE, settings: { BUS: "mongodb" } }));

Deno.test({
  name: "nothing by the banned or to them comes after a ban (Redis)",
  ignore: !MongodbServer.available || !RedisServer.available,
}, () => banUnderLoad({ ...SITE, redis: true }));
