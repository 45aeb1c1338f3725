/** What the page keeps in a browser's storage, which may be full or forbidden. */
import assert from "node:assert/strict";
import { kept } from "../web/kept.ts";

Deno.test("what one tab writes another reads", () => {
  const storage = memory();
  const [first, second] = [kept("sound", () => storage), kept("sound", () => storage)];
  assert.equal(second.read(), null);
  first.write("on");
  assert.equal(second.read(), "on");
  second.write("off");
  assert.equal(first.read(), "off");
  first.erase();
  assert.equal(second.read(), null);
});

Deno.test("what is no JSON is read as nothing", () => {
  const storage = memory();
  const list = kept("list", () => storage);
  list.write("[1]");
  assert.deepEqual(list.readJson(), [1]);
  list.write("[1");
  assert.equal(list.readJson(), null);
});

Deno.test("what a full storage refuses is read until it is erased", () => {
  const storage = memory();
  const draft = kept("draft", () => storage);
  draft.write("Stored before it was full");
  storage.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  draft.write("Hello");
  assert.equal(draft.read(), "Hello");
  draft.erase();
  assert.equal(draft.read(), null);
});

Deno.test("what is written where storage is forbidden is read until it is erased", () => {
  const draft = kept("draft", () => {
    throw new DOMException("forbidden", "SecurityError");
  });
  assert.equal(draft.read(), null);
  draft.write("Hello");
  assert.equal(draft.read(), "Hello");
  draft.erase();
  assert.equal(draft.read(), null);
});

function memory() {
  const values = new Map<string, string>();
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  };
}
