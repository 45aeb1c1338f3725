/** By what a repeated command is told from another one with its id. */
import assert from "node:assert/strict";
import { isSameRequest, RequestHashes } from "../src/services/request_hashes.ts";

const hashes = new RequestHashes("a secret of thirty-two bytes or more");

Deno.test("the same request has the same hash, on every instance with the secret", () => {
  const other = new RequestHashes("a secret of thirty-two bytes or more");
  assert.equal(hashes.hash(["send", "Hi", null]), other.hash(["send", "Hi", null]));
});

Deno.test("the order of an object's fields makes no other request", () => {
  const [a, b] = [{ x: 1, y: { z: [2], w: 3 } }, { y: { w: 3, z: [2] }, x: 1 }];
  assert.equal(hashes.hash(["send", a]), hashes.hash(["send", b]));
});

Deno.test("another request has another hash", () => {
  const [a, b] = [hashes.hash(["send", "Hi"]), hashes.hash(["send", "Ho"])];
  assert.equal(isSameRequest(a, a), true);
  assert.equal(isSameRequest(a, b), false);
});

Deno.test("a command from before the secret changed is taken for the same", () => {
  const later = new RequestHashes("another secret of thirty-two bytes or more");
  assert.notEqual(later.hash(["send", "Hi"]), hashes.hash(["send", "Hi"]));
  assert.equal(isSameRequest(later.hash(["send", "Hi"]), hashes.hash(["send", "Hi"])), true);
});
