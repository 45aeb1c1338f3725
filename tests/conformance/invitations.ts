/** Invitations to rooms, over REST. */
import assert from "node:assert/strict";
import type { Account } from "../harness/account.ts";
import { shareStage } from "../harness/shared_server.ts";
import type { Stage } from "../harness/stage.ts";
import type { StoreSetting } from "../harness/stores.ts";

// deno-lint-ignore no-explicit-any -- as answers are
type Json = any;

export function testInvitations(setting: StoreSetting): void {
  const onStage = shareStage(setting);
  const test = (sentence: string, act: (stage: Stage) => Promise<void>) => {
    Deno.test(`${setting.name}: ${sentence}`, () => onStage(act));
  };

  test("who uses an invitation is a member, by an entry of the log, now and when they repeat it", async (stage) => {
    const { ada, room } = await privateRoom(stage);
    const [bob] = await stage.people("Bob");
    const socket = await stage.join(ada, room.id);
    const { code, url } = await invite(ada, room.id);
    assert.equal(url, `/#/invite/${code}`);
    const shown = await bob.request("GET", `/invitations/${code}`);
    assert.deepEqual([shown.status, shown.body], [200, {
      room: { name: "Plans", type: "private", memberCount: 1 },
    }]);
    assert.equal((await bob.request("GET", `/rooms/${room.id}`)).status, 404);
    for (let i = 0; i < 2; i++) {
      const used = await bob.request("POST", `/invitations/${code}`);
      assert.deepEqual([used.status, used.body.room.id], [200, room.id]);
      assert.equal(used.body.room.memberCount, 2);
    }
    const { data } = await socket.event("message:new");
    const { text, systemType, systemData, sender } = data.message;
    assert.deepEqual([text, systemType, systemData.users, sender.id], [
      "Bob joined the room",
      "member_added",
      [bob.id],
      bob.id,
    ]);
    const { body } = await bob.request("GET", `/rooms/${room.id}/messages`);
    assert.equal(body.messages.length, 2);
    assert.deepEqual(await usesOf(ada, room.id), [1]);
  });

  test("an invitation for some is used up by as many, however close the race", async (stage) => {
    const { ada, room } = await privateRoom(stage);
    const people = await stage.people("Bob", "Cleo", "Dan", "Eve", "Finn");
    const { code } = await invite(ada, room.id, { maxUses: 2 });
    const answers = await Promise.all(people.flatMap((person) => {
      return [0, 1].map(() => person.request("POST", `/invitations/${code}`));
    }));
    const used = answers.filter(({ status }) => status === 200);
    assert.equal(used.length, 4);
    const refused = answers.filter(({ body }) => body.code === "invitation_not_found");
    assert.equal(refused.length, 6);
    const { body } = await ada.request("GET", `/rooms/${room.id}`);
    assert.equal(body.room.memberCount, 3);
    assert.deepEqual(await usesOf(ada, room.id), [2]);
    for (const [i, person] of people.entries()) {
      const expected = answers[2 * i]!.status;
      for (const method of ["GET", "POST"]) {
        assert.equal((await person.request(method, `/invitations/${code}`)).status, expected);
      }
    }
  });

  test("wrong, revoked and expired codes are not found", async (stage) => {
    const { ada, room } = await privateRoom(stage);
    const [bob] = await stage.people("Bob");
    const revoked = await invite(ada, room.id);
    const expired = await invite(ada, room.id, { expiresIn: 1 });
    const revoke = () => ada.request("DELETE", `/rooms/${room.id}/invitations/${revoked.id}`);
    for (let i = 0; i < 2; i++) assert.equal((await revoke()).status, 204);
    const answered = async (code: string) => {
      const answers = [];
      for (const method of ["GET", "POST"]) {
        const { status, body } = await bob.request(method, `/invitations/${code}`);
        answers.push([status, body.code]);
      }
      return answers;
    };
    const notFound = Array(2).fill([404, "invitation_not_found"]);
    assert.deepEqual(await answered("wrong"), notFound);
    assert.deepEqual(await answered(revoked.code), notFound);
    while (Date.now() <= Date.parse(expired.expiresAt)) await stage.people("Newcomer");
    assert.deepEqual(await answered(expired.code), notFound);
    assert.deepEqual(await usesOf(ada, room.id), []);
  });

  test("no code is found by who is banned from its room, and one lets nobody in who was removed", async (stage) => {
    const { ada, room } = await privateRoom(stage);
    const [bob, eve] = await stage.people("Bob", "Eve");
    const { code } = await invite(ada, room.id, { maxUses: 2 });
    const use = async (account: Account) => {
      return (await account.request("POST", `/invitations/${code}`)).status;
    };
    assert.deepEqual([await use(bob), await use(eve)], [200, 200]);
    await ada.request("PUT", `/rooms/${room.id}/bans/${bob.id}`, {});
    await ada.request("DELETE", `/rooms/${room.id}/members/${eve.id}`);
    for (const account of [bob, eve]) {
      for (const method of ["GET", "POST"]) {
        const { status, body } = await account.request(method, `/invitations/${code}`);
        assert.deepEqual([status, body.code], [404, "invitation_not_found"]);
      }
      assert.equal((await account.request("GET", `/rooms/${room.id}`)).status, 404);
    }
    const other = await invite(ada, room.id);
    const used = await Promise.all([bob, eve].map((account) => {
      return account.request("POST", `/invitations/${other.code}`);
    }));
    assert.deepEqual(used.map(({ status }) => status), [404, 200]);
  });

  test("who has left by themselves comes back by a code that they have used up", async (stage) => {
    const { ada, room } = await privateRoom(stage);
    const [bob, eve] = await stage.people("Bob", "Eve");
    const { id, code } = await invite(ada, room.id, { maxUses: 1 });
    const use = async (account: Account) => {
      const answers = [];
      for (const method of ["GET", "POST"]) {
        answers.push((await account.request(method, `/invitations/${code}`)).status);
      }
      return answers;
    };
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(await use(bob), [200, 200]);
      assert.equal((await bob.request("DELETE", `/rooms/${room.id}/members/me`)).status, 204);
    }
    assert.deepEqual(await use(eve), [404, 404]);
    assert.deepEqual(await usesOf(ada, room.id), [1]);
    await ada.request("DELETE", `/rooms/${room.id}/invitations/${id}`);
    assert.deepEqual(await use(bob), [404, 404]);
  });

  test("an invitation to a public room makes one a member without an entry", async (stage) => {
    const [ada, bob, eve] = await stage.people("Ada", "Bob", "Eve");
    const room = await ada.createRoom("Open");
    const { code } = await invite(ada, room.id, { maxUses: 1 });
    for (let i = 0; i < 2; i++) {
      const used = await bob.request("POST", `/invitations/${code}`);
      assert.deepEqual([used.status, used.body.room.lastSeq], [200, 1]);
    }
    const { body } = await bob.request("GET", `/rooms/${room.id}/members`);
    assert.deepEqual(body.members.map(({ user }: Json) => user.id), [ada.id, bob.id]);
    assert.deepEqual(await usesOf(ada, room.id), [1]);
    assert.equal((await eve.request("POST", `/invitations/${code}`)).status, 404);
    await ada.request("PUT", `/rooms/${room.id}/bans/${eve.id}`, {});
    const other = await invite(ada, room.id);
    assert.equal((await eve.request("POST", `/invitations/${other.code}`)).status, 404);
    await bob.request("DELETE", `/rooms/${room.id}/members/me`);
    assert.equal((await bob.request("POST", `/invitations/${code}`)).status, 200);
    assert.deepEqual(await usesOf(ada, room.id), [1, 0]);
  });

  test("the invitations of a deleted room are not found", async (stage) => {
    const { ada, room } = await privateRoom(stage);
    const [bob] = await stage.people("Bob");
    const { code } = await invite(ada, room.id);
    assert.equal((await ada.request("DELETE", `/rooms/${room.id}`)).status, 204);
    for (const account of [ada, bob]) {
      for (const method of ["GET", "POST"]) {
        const { body } = await account.request(method, `/invitations/${code}`);
        assert.equal(body.code, "invitation_not_found");
      }
    }
  });

  test("invitations are listed without their codes, page by page", async (stage) => {
    const { ada, room } = await privateRoom(stage);
    const made = [];
    for (let i = 0; i < 3; i++) made.push(await invite(ada, room.id, { maxUses: i + 1 }));
    const path = `/rooms/${room.id}/invitations`;
    const first = (await ada.request("GET", `${path}?limit=2`)).body;
    const rest = (await ada.request("GET", `${path}?cursor=${first.nextCursor}`)).body;
    assert.equal(rest.nextCursor, null);
    const listed = [...first.invitations, ...rest.invitations];
    assert.deepEqual(listed, made.map(({ code: _, url: __, ...shown }) => shown));
    const [{ createdBy, uses, expiresAt }] = listed;
    assert.deepEqual([createdBy.id, uses, expiresAt], [ada.id, 0, null]);
  });

  test("members of a public room invite, plain ones of a private room do not", async (stage) => {
    const { ada, room } = await privateRoom(stage);
    const [bob, eve] = await stage.people("Bob", "Eve");
    const { code } = await invite(ada, room.id);
    await bob.request("POST", `/invitations/${code}`);
    const open = await ada.createRoom("Open");
    await bob.request("POST", `/rooms/${open.id}/messages`, { text: "Hello" });
    const outcomes = async (account: Account, id: string) => {
      const path = `/rooms/${id}/invitations`;
      const answers = [
        await account.request("POST", path, {}),
        await account.request("GET", path),
        await account.request("DELETE", `${path}/unknown`),
      ];
      return answers.map(({ status, body }) => body?.code ?? status);
    };
    assert.deepEqual(await outcomes(bob, open.id), [201, 200, 204]);
    assert.deepEqual(await outcomes(eve, open.id), Array(3).fill("forbidden"));
    assert.deepEqual(await outcomes(bob, room.id), Array(3).fill("forbidden"));
    assert.deepEqual(await outcomes(eve, room.id), Array(3).fill("room_not_found"));
    const { body: { room: direct } } = await ada.request("POST", "/directs", { userId: bob.id });
    assert.deepEqual(await outcomes(ada, direct.id), Array(3).fill("forbidden"));
  });

  test("an invitation without a body does not expire, and one with odd limits is refused", async (stage) => {
    const { ada, room } = await privateRoom(stage);
    const path = `/rooms/${room.id}/invitations`;
    const { status, body } = await ada.request("POST", path);
    assert.equal(status, 201);
    assert.deepEqual([body.invitation.expiresAt, body.invitation.maxUses], [null, null]);
    for (
      const limits of [{ maxUses: 0 }, { maxUses: 1.5 }, { expiresIn: 0 }, { expiresIn: "1h" }]
    ) {
      const answer = await ada.request("POST", path, limits);
      assert.deepEqual([answer.status, answer.body.code], [400, "validation_failed"]);
    }
  });

  test("a room has at most a hundred open invitations, and used up ones do not count", async (stage) => {
    const { ada, room } = await privateRoom(stage);
    const [bob] = await stage.people("Bob");
    const once = await invite(ada, room.id, { maxUses: 1 });
    for (let i = 1; i < 100; i++) await invite(ada, room.id);
    const { status, body } = await ada.request("POST", `/rooms/${room.id}/invitations`, {});
    assert.deepEqual([status, body.code], [409, "limit_reached"]);
    assert.equal((await bob.request("POST", `/invitations/${once.code}`)).status, 200);
    await invite(ada, room.id);
  });

  test("plain members have ten open invitations at most, and leave room for moderators", async (stage) => {
    const [ada, ...people] = await stage.people("Ada", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gus");
    const room = await ada.createRoom("Open");
    const gus = people.pop()!;
    for (const person of [...people, gus]) {
      await person.request("PUT", `/rooms/${room.id}/members/me`);
    }
    const attempt = async (person: Account) => {
      const { body } = await person.request("POST", `/rooms/${room.id}/invitations`, {});
      return body.code ?? "created";
    };
    for (const person of people) {
      for (let i = 0; i < 10; i++) assert.equal(await attempt(person), "created");
      assert.equal(await attempt(person), "limit_reached");
    }
    assert.equal(await attempt(gus), "limit_reached");
    assert.equal(await attempt(ada), "created");
  });
}

export async function privateRoom(stage: Stage): Promise<{ ada: Account; room: Json }> {
  const [ada] = await stage.people("Ada");
  const { body } = await ada.request("POST", "/rooms", { name: "Plans", type: "private" });
  return { ada, room: body.room };
}

export async function invite(by: Account, roomId: string, limits: Json = {}): Promise<Json> {
  const { status, body } = await by.request("POST", `/rooms/${roomId}/invitations`, limits);
  assert.equal(status, 201);
  return body.invitation;
}

async function usesOf(account: Account, roomId: string): Promise<number[]> {
  const { body } = await account.request("GET", `/rooms/${roomId}/invitations`);
  return body.invitations.map(({ uses }: Json) => uses);
}
