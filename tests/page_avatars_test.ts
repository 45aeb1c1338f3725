/** The square that becomes an avatar. */
import assert from "node:assert/strict";
import { MAX_ZOOM, sideOf, wholeOf, within } from "../web/avatars/crop.ts";

Deno.test("the square that is cut out of a picture stays within it", () => {
  const size = { width: 600, height: 400 };
  assert.deepEqual(wholeOf(size), { x: 300, y: 200, zoom: 1 });
  assert.equal(sideOf(size, wholeOf(size)), 400);
  assert.deepEqual(within(size, { x: 0, y: 999, zoom: 1 }), { x: 200, y: 200, zoom: 1 });
  assert.deepEqual(within(size, { x: 0, y: 999, zoom: 2 }), { x: 100, y: 300, zoom: 2 });
  assert.deepEqual(within(size, { x: 300, y: 200, zoom: 99 }), { x: 300, y: 200, zoom: MAX_ZOOM });
  assert.equal(within(size, { x: 300, y: 200, zoom: 0 }).zoom, 1);
});
