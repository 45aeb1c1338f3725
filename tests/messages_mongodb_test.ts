/** The tests of messages whose outcome is also the store's, once more on MongoDB. */
import { setStore } from "./harness/chat.ts";
import { MONGODB } from "./harness/stores.ts";

setStore(MONGODB);
await import("./attachments_test.ts");
await import("./message_changes_test.ts");
await import("./message_deletions_test.ts");
await import("./message_edits_test.ts");
await import("./message_pins_test.ts");
await import("./message_reactions_test.ts");
await import("./message_replies_test.ts");
await import("./moderation_test.ts");
await import("./reading_test.ts");
