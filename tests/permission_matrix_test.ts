/** Who may do what, of everything that there is to do, on SQLite. */
// @slow: every action by everybody in rooms of every kind
import { testPermissions } from "./conformance/permissions.ts";
import { SQLITE } from "./harness/stores.ts";

testPermissions(SQLITE);
