/** Several instances on MongoDB alone: change streams carry the events. */
import { testInstances } from "./conformance/instances.ts";
import { MONGODB } from "./harness/stores.ts";

testInstances({ name: "change streams", fresh: MONGODB.fresh });
