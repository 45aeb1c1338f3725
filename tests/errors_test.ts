/** How errors are told apart by their codes. */
import assert from "node:assert/strict";
import { ChatError, hasCode, isRefusal, roomNotFound, unavailable } from "../src/domain/errors.ts";

Deno.test("an error has one of some codes if it is a ChatError with it", () => {
  assert.ok(hasCode(roomNotFound(), "forbidden", "room_not_found"));
  assert.ok(!hasCode(roomNotFound(), "forbidden"));
  assert.ok(!hasCode(roomNotFound()));
  for (const other of [{ code: "forbidden" }, new Error("forbidden"), "forbidden", undefined]) {
    assert.ok(!hasCode(other, "forbidden"));
  }
});

Deno.test("a refusal is every ChatError but unavailable, whose outcome is not known", () => {
  assert.ok(isRefusal(new ChatError("forbidden", "No.")));
  for (const other of [unavailable("Down."), new Error("a defect"), null]) {
    assert.ok(!isRefusal(other));
  }
});
