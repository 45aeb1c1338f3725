/** Files in messages: who may send which, who reads them, and when they are gone. */
import assert from "node:assert/strict";
import type { File } from "../src/protocol/wire/files.ts";
import { type Chat, type Person, testInRoom, testOverBoth } from "./harness/chat.ts";
import { fileToken, get, PDF, statusOf, upload, uploadPicture } from "./harness/files.ts";
import { startServer } from "./harness/server.ts";
import { until } from "./harness/stage.ts";

/** A store of bytes that tests can look into, whatever the other store is. */
const FOLDER = { FILES_DIR: await Deno.makeTempDir({ prefix: "echoroom_" }) };

/** Uploads a file of Ada's and sends it. */
async function sendFile(chat: Chat): Promise<{ file: File; messageId: string }> {
  const file = await upload(chat.ada.account);
  return { file, messageId: await chat.send(chat.ada, "", { attachments: [file.id] }) };
}

testOverBoth("a message with files needs no text, and shows them everywhere", async (chat) => {
  const { ada, bob } = chat;
  const files = [
    await upload(ada.account, PDF, { name: "Plan.pdf" }),
    await uploadPicture(ada.account, 800, 600),
  ];
  const before = (await chat.joined()).room.lastSeq;
  const id = await chat.send(ada, "", { attachments: files.map(({ id }) => id) });
  const live = await bob.socket.event("message:new", ({ entryId }) => entryId === id);
  const { messages: missed } = await chat.missed(before);
  const { messages: joined } = await chat.joined();
  const { messages: read } = await chat.get(bob, "/messages");
  for (
    const shown of [
      live.data.message,
      missed[0],
      joined.at(-1),
      read.at(-1),
      await chat.message(id),
    ]
  ) {
    assert.deepEqual([shown.id, shown.text, shown.attachments], [id, "", files]);
  }
  await chat.do(ada, "message:edit", { messageId: id, text: "See this" });
  assert.deepEqual((await chat.message(id)).attachments, files);
});

testOverBoth(
  "an answer has its files in the thread, as the message that it answers has",
  async (chat) => {
    const { ada, bob } = chat;
    const { file: asked, messageId: root } = await sendFile(chat);
    await join(chat, bob);
    const file = await uploadPicture(bob.account, 800, 600);
    const id = await chat.send(bob, "", { replyTo: root, attachments: [file.id] });
    const live = await ada.socket.event("message:new", ({ entryId }) => entryId === id);
    const read = () => chat.get(ada, `/messages?threadId=${root}`);
    const { messages, referenced } = await read();
    assert.deepEqual(messages, [live.data.message]);
    assert.deepEqual(live.data.message.attachments, [file]);
    for (const [shown] of [referenced, live.data.referenced]) {
      assert.deepEqual([shown.id, shown.attachments], [root, [asked]]);
    }
    for (const url of [file.url, file.thumbnailUrl!]) {
      assert.equal((await get(ada.account, url)).status, 200);
    }
    await chat.do(bob, "message:delete", { messageId: id });
    const [tombstone] = (await read()).messages;
    assert.deepEqual([tombstone.id, tombstone.attachments], [id, []]);
    assert.equal(await statusOf(ada.account, file), 404);
  },
);

testOverBoth("the text of a message with files may be left out", async (chat) => {
  const { ada } = chat;
  const { id: fileId } = await upload(ada.account);
  const { id, message } = await chat.do(ada, "message:send", { attachments: [fileId] });
  const { text, attachments } = await chat.message(id ?? message.id);
  assert.deepEqual([text, attachments.length], ["", 1]);
  await chat.refuses(ada, "message:send", {}, "validation_failed");
});

testOverBoth("a send of nothing, or of a file twice, is refused", async (chat) => {
  const { ada } = chat;
  const { id } = await upload(ada.account);
  for (const attachments of [[], [id, id], Array.from({ length: 11 }, (_, i) => `${i}`)]) {
    await chat.refuses(ada, "message:send", { text: "", attachments }, "validation_failed");
  }
  await chat.refuses(ada, "message:send", { text: " " }, "validation_failed");
});

testOverBoth("only own files that are in no other room are sent", async (chat) => {
  const { ada, bob } = chat;
  const { file } = await sendFile(chat);
  const refuses = (person: typeof ada, id: string, code: string, more = {}) => {
    return chat.refuses(person, "message:send", { text: "Look", attachments: [id], ...more }, code);
  };
  await refuses(bob, file.id, "file_not_found");
  await refuses(ada, "unknown", "file_not_found");
  const elsewhere = await ada.account.createRoom("Elsewhere");
  await refuses(ada, file.id, "file_in_use", { roomId: elsewhere.id });
  await chat.send(ada, "Again", { attachments: [file.id] });
});

testOverBoth("a send that is refused leaves its files for another room at once", async (chat) => {
  const { ada } = chat;
  const elsewhere = await ada.account.createRoom("Elsewhere");
  for (let i = 0; i < 3; i++) {
    const file = await upload(ada.account);
    const asked = { text: "Look", attachments: [file.id] };
    await chat.refuses(ada, "message:send", { ...asked, replyTo: "unknown" }, "message_not_found");
    await chat.send(ada, "Look", { ...asked, roomId: elsewhere.id });
  }
});

testOverBoth("who is no member of a public room sends text, but no files", async (chat) => {
  const [eve] = await chat.stage.people("Eve");
  const person = { account: eve, socket: await chat.stage.connect(eve) };
  const attachments = [(await upload(eve)).id];
  await chat.refuses(person, "message:send", { text: "Look", attachments }, "forbidden");
  await chat.send(person, "Hello");
  await chat.send(person, "Look", { attachments });
});

testOverBoth("who has joined on another instance sends files", async (chat) => {
  const [eve] = await chat.stage.people("Eve");
  const person = { account: eve, socket: await chat.stage.join(eve, chat.roomId) };
  const attachments = [(await upload(eve)).id];
  await chat.refuses(person, "message:send", { text: "Look", attachments }, "forbidden");
  const other = await startServer(chat.stage.server.settings);
  try {
    await join(chat, { ...person, account: eve.at(other.url) });
    await chat.send(person, "Look", { attachments });
  } finally {
    await other.stop();
  }
});

testOverBoth("a repeated send is acked, also once its files are gone", async (chat) => {
  const { ada } = chat;
  const { id } = await upload(ada.account);
  const sent = { text: "Look", attachments: [id], clientMessageId: "once" };
  const messageId = await chat.send(ada, "Look", sent);
  assert.equal(await chat.send(ada, "Look", sent), messageId);
  await chat.do(ada, "message:delete", { messageId });
  assert.equal(await chat.send(ada, "Look", sent), messageId);
  const other = { ...sent, attachments: ["another"] };
  await chat.refuses(ada, "message:send", other, "idempotency_conflict");
});

testOverBoth("a file is for whoever may read a message that it is in", async (chat) => {
  const { ada, bob } = chat;
  const [eve] = await chat.stage.people("Eve");
  const { file } = await sendFile(chat);
  for (const account of [ada.account, bob.account, eve]) {
    assert.equal(await statusOf(account, file), 200);
  }
  const asked = { name: "Private", type: "private", members: [bob.account.id] };
  const { body: { room } } = await ada.account.request("POST", "/rooms", asked);
  const secret = await upload(ada.account);
  await chat.send(ada, "", { roomId: room.id, attachments: [secret.id] });
  assert.equal(await statusOf(bob.account, secret), 200);
  assert.equal(await statusOf(eve, secret), 404);
});

testOverBoth("a file is gone for everybody with the last message that it is in", async (chat) => {
  const { ada, bob } = chat;
  const { file, messageId } = await sendFile(chat);
  const second = await chat.send(ada, "Again", { attachments: [file.id] });
  await chat.do(ada, "message:delete", { messageId });
  assert.deepEqual((await chat.message(messageId)).attachments, []);
  assert.equal(await statusOf(bob.account, file), 200);
  await chat.do(ada, "message:delete", { messageId: second });
  for (const { account } of [ada, bob]) assert.equal(await statusOf(account, file), 404);
  const again = { text: "", attachments: [file.id] };
  await chat.refuses(ada, "message:send", again, "file_not_found");
  const { body } = await ada.account.request("DELETE", `/files/${file.id}`);
  assert.equal(body.code, "file_not_found");
});

testOverBoth("a file that is in a message is not deleted alone", async (chat) => {
  const { ada, bob } = chat;
  const { file } = await sendFile(chat);
  const path = `/files/${file.id}`;
  assert.equal((await ada.account.request("DELETE", path)).body.code, "file_in_use");
  assert.equal((await bob.account.request("DELETE", path)).body.code, "file_not_found");
  assert.equal(await statusOf(bob.account, file), 200);
});

testInRoom("the bytes of a deleted message's files are deleted at once", async (chat) => {
  const { ada } = chat;
  const file = await uploadPicture(ada.account, 800, 600);
  const messageId = await chat.send(ada, "", { attachments: [file.id] });
  assert.equal(await count(FOLDER.FILES_DIR), 2);
  await chat.do(ada, "message:delete", { messageId });
  await until(async () => await count(FOLDER.FILES_DIR) === 0, "picture and thumbnail are gone");
}, FOLDER);

testInRoom("a ban that deletes messages deletes their files", async (chat) => {
  const { ada, bob } = chat;
  await join(chat, bob);
  const file = await upload(bob.account);
  await chat.send(bob, "", { attachments: [file.id] });
  const path = `/rooms/${chat.roomId}/bans/${bob.account.id}`;
  await ada.account.request("PUT", path, { deleteSeconds: 3_600 });
  await until(async () => await count(FOLDER.FILES_DIR) === 0, "its bytes are gone");
  assert.equal(await statusOf(ada.account, file), 404);
}, FOLDER);

testInRoom("a report keeps the names of a deleted message's files", async (chat) => {
  const { ada, bob } = chat;
  await join(chat, bob);
  const file = await upload(bob.account);
  const messageId = await chat.send(bob, "Look", { attachments: [file.id] });
  const reported = `/rooms/${chat.roomId}/messages/${messageId}/report`;
  assert.equal((await ada.account.request("POST", reported, { reason: "spam" })).status, 201);
  await chat.do(bob, "message:delete", { messageId });
  const { body } = await ada.account.request("GET", `/reports?roomId=${chat.roomId}`);
  assert.deepEqual(body.reports[0].message.attachments, [file]);
  assert.equal(await statusOf(bob.account, file), 404);
});

testInRoom("who is removed reads no file of others in the room, on any instance", async (chat) => {
  const { ada, bob } = chat;
  const asked = { name: "Private", type: "private", members: [bob.account.id] };
  const { body: { room } } = await ada.account.request("POST", "/rooms", asked);
  const [file, own] = [await upload(ada.account), await upload(bob.account)];
  await chat.send(ada, "", { roomId: room.id, attachments: [file.id] });
  await chat.send(bob, "", { roomId: room.id, attachments: [own.id] });
  const other = await startServer(chat.stage.server.settings);
  try {
    const link = `${file.url}?token=${await fileToken(bob.account)}`;
    const read = async (url: string) => (await get({ url, token: null }, link)).status;
    const instances = [chat.stage.server.url, other.url];
    for (const url of instances) assert.equal(await read(url), 200);
    const member = `/rooms/${room.id}/members/${bob.account.id}`;
    assert.equal((await ada.account.request("DELETE", member)).status, 204);
    for (const url of instances) {
      assert.equal(await read(url), 404);
      assert.equal(await statusOf(bob.account, own, url), 200, "its uploader");
    }
    assert.equal(await statusOf(ada.account, file, other.url), 200);
    const { body } = await bob.account.request("DELETE", `/files/${file.id}`);
    assert.equal(body.code, "file_not_found");
    await ada.account.request("DELETE", `/rooms/${room.id}`);
    for (const url of instances) assert.equal(await statusOf(bob.account, own, url), 404);
  } finally {
    await other.stop();
  }
});

testInRoom("a deletion on one instance takes the files from every other", async (chat) => {
  const { ada, bob } = chat;
  const { file, messageId } = await sendFile(chat);
  const other = await startServer(chat.stage.server.settings);
  try {
    assert.equal(await statusOf(bob.account, file, other.url), 200);
    await chat.do(ada, "message:delete", { messageId });
    assert.equal(await statusOf(bob.account, file, other.url), 404);
    assert.equal(await statusOf(ada.account, file, other.url), 404);
  } finally {
    await other.stop();
  }
});

testInRoom(
  "the files of a deleted room are gone for everybody, and sent by nobody",
  async (chat) => {
    const { ada, bob } = chat;
    const { file } = await sendFile(chat);
    const elsewhere = await ada.account.createRoom("Elsewhere");
    const again = { text: "Again", attachments: [file.id], roomId: elsewhere.id };
    await chat.refuses(ada, "message:send", again, "file_in_use");
    assert.equal((await ada.account.request("DELETE", `/rooms/${chat.roomId}`)).status, 204);
    for (const { account } of [ada, bob]) assert.equal(await statusOf(account, file), 404);
    await chat.refuses(ada, "message:send", again, "file_not_found");
  },
);

/** Makes a person who reads the public room a member of it. */
async function join({ roomId }: Chat, { account }: Person): Promise<void> {
  const { status } = await account.request("PUT", `/rooms/${roomId}/members/me`);
  assert.equal(status, 200);
}

/** Files in a folder and those below it. */
async function count(folder: string): Promise<number> {
  let files = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    files += isDirectory ? await count(`${folder}/${name}`) : 1;
  }
  return files;
}
