/** Invitations on the embedded store, and the limit of wrong codes. */
import assert from "node:assert/strict";
import { invite, privateRoom, testInvitations } from "./conformance/invitations.ts";
import { onStage } from "./harness/stage.ts";
import { SQLITE } from "./harness/stores.ts";

testInvitations(SQLITE);

Deno.test("who tries many wrong codes has to wait, right ones are not counted", () =>
  onStage(async (stage) => {
    const { ada, room } = await privateRoom(stage);
    const [bob] = await stage.people("Bob");
    const { code } = await invite(ada, room.id);
    const read = async (code: string) =>
      (await bob.request("GET", `/invitations/${code}`)).body.code;
    for (let i = 0; i < 30; i++) {
      assert.equal(await read(code), undefined);
      assert.equal(await read(`wrong-${i}`), "invitation_not_found");
    }
    assert.equal(await read("wrong"), "rate_limited");
    assert.equal((await ada.request("GET", `/invitations/${code}`)).status, 200);
  }, { RATE_LIMIT: "on" }));
