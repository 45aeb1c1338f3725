/** How errors are told apart by their codes. */
import assert from "node:assert/strict";
import { invalidInput } from "../src/protocol/input_errors.ts";
import {
  ChatError,
  failureLevel,
  hasCode,
  isRefusal,
  roomNotFound,
  unavailable,
} from "../src/domain/errors.ts";

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

Deno.test("the detail of an invalid input is a sentence, whether or not a fault has a path", () => {
  const detail = (path: string[]) => invalidInput([{ path, message: "must not be blank" }]).message;
  assert.equal(detail(["name"]), "name: must not be blank.");
  assert.equal(detail([]), "Must not be blank.");
});

Deno.test("the log has what fails in the background as an error, unless it is a ChatError", () => {
  assert.equal(failureLevel(unavailable("Down.")), "debug");
  assert.equal(failureLevel(new TypeError("a defect")), "error");
});
