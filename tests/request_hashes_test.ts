/** By what a repeated command is told from another one with its id. */
import assert from "node:assert/strict";
import { RequestHashes } from "../src/services/request_hashes.ts";

const hashes = new RequestHashes("a secret of thirty-two bytes or more");

Deno.test("the same request has the same hash, on every instance with the secret", () => {
  const other = new RequestHashes("a secret of thirty-two bytes or more");
  const [a, b] = [hashes.hash(["send", "Hi", null]), other.hash(["send", "Hi", null])];
  assert.equal(a.value, b.value);
  assert.match(a.value, /^[\w-]{20}$/);
});

Deno.test("the order of an object's fields makes no other request", () => {
  const [a, b] = [{ x: 1, y: { z: [2], w: 3 } }, { y: { w: 3, z: [2] }, x: 1 }];
  assert.equal(hashes.hash(["send", a]).value, hashes.hash(["send", b]).value);
});

Deno.test("another request has another hash", () => {
  const [a, b] = [hashes.hash(["send", "Hi"]), hashes.hash(["send", "Ho"])];
  assert.equal(a.isOf(a.value), true);
  assert.equal(a.isOf(b.value), false);
});

Deno.test("a command from before the secret changed is taken for the same", () => {
  const later = new RequestHashes("another secret of thirty-two bytes or more");
  const [a, b] = [later.hash(["send", "Hi"]), hashes.hash(["send", "Ho"])];
  assert.notEqual(a.value, b.value);
  assert.equal(a.isOf(b.value), true);
});

Deno.test("hashes by SHA-256, which were stored at first, tell requests apart as well", () => {
  const stored = "o2dxWiUXSnAPogcB34Tx";
  assert.equal(hashes.hash(["send", "Hi", null]).isOf(stored), true);
  assert.equal(hashes.hash(["send", "Ho", null]).isOf(stored), false);
});
