/** Which of its faults a command is refused for, where it has several. */
import assert from "node:assert/strict";
import { testInRoom, testOverBoth } from "./harness/chat.ts";
import { request } from "./harness/account.ts";

testOverBoth(
  "a send is refused by the first of its faults in the contract's order",
  async (chat) => {
    const { ada, bob } = chat;
    const replyTo = await chat.send(ada);
    await chat.send(bob, "Hello", { clientMessageId: "s1" });
    await chat.do(ada, "message:delete", { messageId: replyTo });
    const wrong = { text: "Hi", replyTo: "nothing", mentionsRoom: true };
    const refusals = [
      [{ ...wrong, roomId: "nowhere", text: " ", clientMessageId: "s1" }, "validation_failed"],
      [{ ...wrong, roomId: "nowhere", clientMessageId: "s1" }, "room_not_found"],
      [{ ...wrong, clientMessageId: "s1" }, "idempotency_conflict"],
      [wrong, "message_not_found"],
      [{ ...wrong, replyTo }, "forbidden"],
      [{ ...wrong, replyTo, mentionsRoom: false }, "message_deleted"],
    ] as const;
    for (const [data, code] of refusals) await chat.refuses(bob, "message:send", data, code);
  },
);

testOverBoth("reactions and pins are refused by the first of their faults", async (chat) => {
  const { ada, bob } = chat;
  const messageId = await chat.send(ada);
  await chat.do(ada, "message:delete", { messageId });
  const refusals = [
    [bob, "reaction:add", { roomId: "nowhere", messageId, emoji: "no emoji" }, "validation_failed"],
    [bob, "reaction:add", { roomId: "nowhere", messageId, emoji: "+1" }, "room_not_found"],
    [bob, "reaction:add", { messageId: "nothing", emoji: "+1" }, "message_not_found"],
    [bob, "reaction:remove", { messageId, emoji: "+1" }, "message_deleted"],
    [bob, "message:pin", { roomId: "nowhere", messageId: "nothing" }, "room_not_found"],
    [bob, "message:pin", { messageId: "nothing" }, "message_not_found"],
    [bob, "message:pin", { messageId }, "forbidden"],
    [ada, "message:pin", { messageId }, "message_deleted"],
    [ada, "message:unpin", { messageId }, "message_deleted"],
  ] as const;
  for (const [person, event, data, code] of refusals) await chat.refuses(person, event, data, code);
});

testInRoom("queries of messages are refused by the first of their faults", async ({ ada }) => {
  const reads = "messages/nothing/reactions/+1?cursor=none";
  for (const path of ["messages?before=nothing&after=nothing", reads]) {
    const { status, body } = await ada.account.request("GET", `/rooms/nowhere/${path}`);
    assert.deepEqual([status, body.code], [400, "validation_failed"]);
  }
});

testOverBoth("ids of the wrong form are refused", async (chat) => {
  const { ada } = chat;
  const events = [
    ["message:edit", { text: "Hi" }],
    ["message:delete", {}],
    ["reaction:add", { emoji: "+1" }],
    ["message:pin", {}],
  ] as const;
  for (const [event, more] of events) {
    const data = { messageId: "x".repeat(129), ...more };
    await chat.refuses(ada, event, data, "validation_failed");
  }
  const messageId = await chat.send(ada);
  for (const clientMessageId of ["", "x".repeat(65), "ü", 7, null]) {
    const edit = { messageId, text: "Hi", clientMessageId };
    await chat.refuses(ada, "message:edit", edit, "validation_failed");
    const sent = { text: "Hi", clientMessageId };
    await chat.refuses(ada, "message:send", sent, "validation_failed");
  }
  for (const ifChangedSeq of [0, -1, 1.5, "2", null, 2 ** 53]) {
    const edit = { messageId, text: "Hi", ifChangedSeq };
    await chat.refuses(ada, "message:edit", edit, "validation_failed");
  }
});

testInRoom("a refusal names its event, its room and its clientMessageId", async (chat) => {
  const { ada, bob, roomId } = chat;
  const messageId = await chat.send(ada);
  const events = [
    ["message:edit", { text: "Hi", clientMessageId: "c1" }],
    ["message:delete", { clientMessageId: "c1" }],
    ["message:pin", {}],
  ] as const;
  for (const [event, more] of events) {
    const answer = await bob.socket.call(event, { roomId, messageId, ...more });
    const { code, message: _, ...rest } = answer.data;
    assert.deepEqual([answer.event, code], ["error", "forbidden"]);
    const { clientMessageId } = more as { clientMessageId?: string };
    assert.deepEqual(rest, { event, roomId, ...(clientMessageId && { clientMessageId }) });
  }
});

testInRoom(
  "who is not signed in changes and reads nothing, whatever else is wrong",
  async (chat) => {
    const messageId = await chat.send(chat.ada);
    const url = chat.stage.server.url;
    const message = `/rooms/${chat.roomId}/messages/${messageId}`;
    const requests = [
      ["POST", `/rooms/${chat.roomId}/messages`],
      ["GET", message],
      ["PATCH", message],
      ["DELETE", message],
      ["GET", `${message}/edits`],
      ["GET", `${message}/reactions/+1`],
      ["PUT", `${message}/reactions/no emoji`],
      ["DELETE", `${message}/reactions/+1`],
      ["PUT", `${message}/pin`],
      ["DELETE", `${message}/pin`],
      ["GET", `/rooms/${chat.roomId}/pins`],
      ["PUT", `/rooms/${chat.roomId}/read`],
      ["GET", `/rooms/${chat.roomId}/changes`],
      ["GET", "/rooms/nowhere/changes"],
    ] as const;
    for (const [method, path] of requests) {
      for (const token of [undefined, "junk"]) {
        const answer = await request(url, method, path, { ...(token && { token }) });
        assert.deepEqual([answer.status, answer.body.code], [401, "unauthenticated"], path);
      }
    }
    const socket = await chat.stage.open();
    const changes = ["message:edit", "message:delete", "message:pin", "reaction:add"];
    for (const event of [...changes, "room:read", "room:unread"]) {
      const { data } = await socket.call(event, { roomId: chat.roomId, messageId });
      assert.equal(data.code, "not_identified");
    }
    assert.equal((await chat.message(messageId)).changedSeq, 2);
  },
);

testInRoom("REST answers with the status that belongs to each code", async (chat) => {
  const { ada, bob, roomId } = chat;
  const path = `/rooms/${roomId}/messages`;
  const first = await ada.account.request("POST", path, { text: "Hi", clientMessageId: "s1" });
  const again = await ada.account.request("POST", path, { text: "Hi", clientMessageId: "s1" });
  assert.deepEqual([first.status, again.status], [201, 200]);
  assert.deepEqual(again.body, first.body);
  const message = `${path}/${first.body.message.id}`;
  const call = async (account: typeof ada.account, method: string, url: string, body?: unknown) => {
    const answer = await account.request(method, url, body);
    return [answer.status, answer.body.code ?? answer.body];
  };
  const other = { text: "Other", clientMessageId: "s1" };
  const stale = { text: "Ho", ifChangedSeq: 1 };
  assert.deepEqual(await call(ada.account, "POST", path, other), [409, "idempotency_conflict"]);
  assert.deepEqual(await call(bob.account, "PATCH", message, stale), [403, "forbidden"]);
  assert.deepEqual(await call(ada.account, "PATCH", message, stale), [409, "edit_conflict"]);
  assert.deepEqual(await call(ada.account, "PATCH", `${path}/no`, stale), [
    404,
    "message_not_found",
  ]);
  assert.deepEqual(await call(ada.account, "PUT", `${message}/pin`), [204, ""]);
  assert.deepEqual(await call(ada.account, "DELETE", message), [204, ""]);
  assert.deepEqual(await call(ada.account, "DELETE", message), [204, ""]);
  assert.deepEqual(await call(ada.account, "PATCH", message, stale), [409, "message_deleted"]);
  assert.deepEqual(await call(ada.account, "PATCH", message, {}), [400, "validation_failed"]);
});
