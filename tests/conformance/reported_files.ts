/** The files of reported messages, over REST: who reads them, also when the messages are gone. */
import assert from "node:assert/strict";
import type { Account } from "../harness/account.ts";
import { fileToken, get, statusOf, upload, uploadPicture } from "../harness/files.ts";
import { startServer } from "../harness/server.ts";
import { type Stage, withStage } from "../harness/stage.ts";
import type { StoreSetting } from "../harness/stores.ts";

export function testReportedFiles(setting: StoreSetting): void {
  const test = (sentence: string, act: (world: World) => Promise<void>) => {
    Deno.test(`${setting.name}: ${sentence}`, async () => {
      const server = await startServer(await setting.fresh());
      await withStage(server, async (stage) => await act(await report(stage)));
    });
  };

  test("who may read a report reads its files before and after their message is deleted", async (world) => {
    const { admin, ada, bob, eve, dan, message, picture } = world;
    const people = [admin, ada, bob, eve, dan];
    const statuses = () => Promise.all(people.map((person) => statusOf(person, picture)));
    assert.deepEqual(await statuses(), [200, 200, 200, 200, 404]);
    assert.equal((await bob.request("DELETE", message)).status, 204);
    assert.deepEqual(await statuses(), [200, 200, 404, 404, 404]);
    const token = await fileToken(admin);
    const anybody = { url: admin.url, token: null };
    for (const size of ["", "&size=thumb"]) {
      assert.equal((await get(anybody, `${picture.url}?token=${token}${size}`)).status, 200);
    }
    assert.equal((await bob.request("DELETE", `/files/${picture.id}`)).body.code, "file_not_found");
  });

  test("a report opens no other file of its room, and no room that one does not moderate", async (world) => {
    const { admin, ada, eve, path, picture, other } = world;
    assert.equal(await statusOf(admin, other), 404);
    assert.equal((await admin.request("GET", path)).status, 404);
    await ada.request("DELETE", `${path}/members/${eve.id}`);
    assert.equal(await statusOf(eve, picture), 404);
    assert.equal((await ada.request("DELETE", path)).status, 204);
    assert.deepEqual([await statusOf(ada, picture), await statusOf(admin, picture)], [404, 200]);
    assert.equal(await statusOf(admin, other), 404);
  });
}

type World = Awaited<ReturnType<typeof report>>;

/** A private room of Ada's in which Eve has reported a message of Bob's with a picture. */
async function report(stage: Stage) {
  const [admin, ...people] = await stage.people("Admin", "Ada", "Bob", "Eve", "Dan");
  const [ada, bob, eve, dan] = people as [Account, Account, Account, Account];
  const members = [bob.id, eve.id];
  const room = { name: "Plans", type: "private", members };
  const path = `/rooms/${(await ada.request("POST", "/rooms", room)).body.room.id}`;
  const [picture, other] = [await uploadPicture(bob, 800, 600), await upload(bob)];
  const send = async ({ id }: { id: string }) => {
    const body = { attachments: [id] };
    const { status, body: sent } = await bob.request("POST", `${path}/messages`, body);
    assert.equal(status, 201, JSON.stringify(sent));
    return `${path}/messages/${sent.message.id}`;
  };
  const message = await send(picture);
  await send(other);
  const { status } = await eve.request("POST", `${message}/report`, { reason: "Insult" });
  assert.equal(status, 201);
  return { admin, ada, bob, eve, dan, path, message, picture, other };
}
