/** Several workers in one process on MongoDB, whose change streams carry their events. */
import { testWorkers } from "./conformance/workers.ts";
import { MONGODB } from "./harness/stores.ts";

testWorkers(MONGODB);
