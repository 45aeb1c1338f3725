/** What people notice on three instances and change streams when parts die, hang or lose events. */
import { MongodbServer } from "./harness/mongodb_server.ts";
import { chaos, chatThrough, rollingRestart } from "./faults/scenario.ts";

const SITE = { instances: 3, mongodb: true, settings: { BUS: "mongodb" } };
const ignore = !MongodbServer.available;

Deno.test({
  name: "whatever dies or hangs, no client loses, repeats or misorders an entry (change streams)",
  ignore,
}, () => chatThrough(chaos, SITE));

Deno.test({
  name: "a bus that also loses one in five events costs no client an entry (change streams)",
  ignore,
}, () => chatThrough(chaos, { ...SITE, lossy: 5 }));

Deno.test({
  name:
    "a rolling restart of three instances under load: nobody misses or repeats an entry (change streams)",
  ignore,
}, () => chatThrough(rollingRestart, SITE));
