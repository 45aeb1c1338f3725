/** Who may do what, of everything that there is to do, on MongoDB. */
import { testPermissions } from "./conformance/permissions.ts";
import { MONGODB } from "./harness/stores.ts";

testPermissions(MONGODB);
