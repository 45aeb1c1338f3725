/** Cursors with invalid times, and where pages end. */
import assert from "node:assert/strict";
import { encodeCursor, pageOf } from "../src/services/cursors.ts";
import { onStage } from "./harness/stage.ts";

Deno.test("every list refuses a cursor with an invalid time", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { id } = await ada.createRoom("Tea");
    const lists = [
      "/rooms?mine=true&sort=activity",
      `/rooms/${id}/members?limit=5`,
      "/auth/me/mentions?limit=5",
      "/search?q=tea",
    ];
    const asked = async (list: string, time: unknown) => {
      const { status, body } = await ada.request("GET", `${list}&cursor=${cursorWith(time, id)}`);
      return [status, body.code];
    };
    for (const list of lists) {
      assert.deepEqual(await asked(list, Date.now()), [200, undefined], list);
      for (const time of [9e99, 8.7e15, -8.7e15, null, "1", true]) {
        assert.deepEqual(await asked(list, time), [400, "validation_failed"], `${list} ${time}`);
      }
    }
  }));

Deno.test("a page has a cursor if and only if there is more", () => {
  const place = (item: number) => [item];
  assert.deepEqual(pageOf([], 2, place), { items: [], nextCursor: null });
  assert.deepEqual(pageOf([1, 2], 2, place), { items: [1, 2], nextCursor: null });
  assert.deepEqual(pageOf([1, 2, 3], 2, place), { items: [1, 2], nextCursor: encodeCursor([2]) });
});

/** A cursor for lists by time and id, and for searches. */
function cursorWith(time: unknown, id: string): string {
  return encodeCursor([time as number, id, 1]);
}
