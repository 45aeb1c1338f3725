/** What React components show of a client's rooms. */
import assert from "node:assert/strict";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import type { Client, Room } from "../src/client/mod.ts";
import { useCapabilities, useRooms, useRoomState, useUnread } from "../src/client/react.ts";
import { becomes } from "./harness/client.ts";
import { enterBoth, onRoom } from "./harness/client_world.ts";

function List({ client, room }: { client: Client; room: Room | null }) {
  const rooms = useRooms(client)?.map(({ name, unread }) => `${name} ${unread}`).join() ?? "none";
  return createElement(
    "p",
    null,
    `${rooms}; ${useRoomState(room).status}; ${useUnread(room).count}; ` +
      useCapabilities(room).filter((name) => name === "message.pin"),
  );
}

Deno.test("hooks show the rooms, a room's state, what is unread in it and what one may do", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const { client } = ada;
    assert.equal(
      renderToString(createElement(List, { client, room: null })),
      "<p>none; waiting; 0; </p>",
    );
    const [room, bobs] = await enterBoth(ada, bob, slug);
    const end = client.rooms.subscribe(() => {});
    await bobs.send("Hello");
    await becomes(client.rooms, (rooms) => rooms?.[0]?.unread === 1);
    await becomes(room.unread, ({ count }) => count === 1);
    assert.equal(
      renderToString(createElement(List, { client, room })),
      "<p>Room 1; live; 1; message.pin</p>",
    );
    end();
  }));
