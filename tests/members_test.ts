/** Who becomes a member, and what that costs. */
import assert from "node:assert/strict";
import type { Store } from "../src/ports/store/store.ts";
import { Members } from "../src/services/members.ts";

Deno.test("a user's first messages in a room make them a member with one write", async () => {
  const added: string[] = [];
  const add = (roomId: string, userId: string) => {
    added.push(`${userId} in ${roomId}`);
    return Promise.resolve();
  };
  const members = new Members({ members: { add } } as unknown as Store);
  await Promise.all([members.add("a", "ada"), members.add("a", "ada"), members.add("b", "ada")]);
  await members.add("a", "ada");
  assert.deepEqual(added, ["ada in a", "ada in b"]);
});

Deno.test("a membership that could not be written is written with the next message", async () => {
  let calls = 0;
  const add = () => ++calls === 1 ? Promise.reject(new Error("down")) : Promise.resolve();
  const members = new Members({ members: { add } } as unknown as Store);
  await assert.rejects(members.add("a", "ada"), { message: "down" });
  assert.equal(members.isKnown("a", "ada"), false);
  await members.add("a", "ada");
  assert.equal(members.isKnown("a", "ada"), true);
});
