/** The tests of reports, bans, roles and what is private once more on MongoDB. */
import { setStore } from "./harness/chat.ts";
import { MONGODB } from "./harness/stores.ts";

setStore(MONGODB);
await import("./account_bans_test.ts");
await import("./instance_roles_test.ts");
await import("./reports_test.ts");
await import("./room_privacy_test.ts");
