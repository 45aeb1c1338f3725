/** The tests of avatars once more on MongoDB, where GridFS has their bytes. */
import { setStore } from "./harness/chat.ts";
import { MONGODB } from "./harness/stores.ts";

setStore(MONGODB);
await import("./avatars_test.ts");
