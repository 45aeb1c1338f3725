/** Limits that instances share through MongoDB. */
import { testSharedLimits } from "./conformance/rate_limits.ts";
import { MONGODB } from "./harness/stores.ts";

testSharedLimits({ name: "limits in MongoDB", fresh: MONGODB.fresh });
