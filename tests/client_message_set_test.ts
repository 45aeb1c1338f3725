/** The messages that a client has, by their keys and their ids. */
import assert from "node:assert/strict";
import type { ChatMessage } from "../src/client/mod.ts";
import { MessageSet } from "../src/client/message_set.ts";
import { range } from "./harness/client_world.ts";

/** A message that the server has. @param onRead is called when its id is read */
function message(id: string, onRead: () => void = () => {}): ChatMessage {
  return Object.defineProperty({} as ChatMessage, "id", {
    get() {
      onRead();
      return id;
    },
  });
}

Deno.test("a message is found by its id without a look at the others", () => {
  const set = new MessageSet(() => null);
  let read = 0;
  for (const i of range(1, 1_000)) set.set(`key ${i}`, message(`id ${i}`, () => read++));
  read = 0;
  assert.equal(set.find("id 1000"), set.get("key 1000"));
  assert.equal(set.find("nothing"), undefined);
  assert.ok(read < 10, `${read} ids were read`);
});

Deno.test("a message that was removed is not found by its id, and one that is put back is", () => {
  const set = new MessageSet(() => null);
  set.set("key", message("id"));
  set.delete("key");
  assert.equal(set.find("id"), undefined);
  set.set("key", message("id"));
  assert.equal(set.find("id"), set.get("key"));
  set.clear();
  assert.equal(set.find("id"), undefined);
});
