/** What two instances on one store decide alike, whether or not a bus connects them. */
import assert from "node:assert/strict";
import type { Account } from "../harness/account.ts";
import { startServer } from "../harness/server.ts";
import { TestSocket } from "../harness/socket.ts";
import { Stage } from "../harness/stage.ts";
import type { StoreSetting } from "../harness/stores.ts";

/** A message as it is shown. */
interface Shown {
  id: string;
  seq: number;
  changedSeq: number;
  systemType: string | null;
}

/** The same user, on either instance. */
type Everywhere = (account: Account) => [Account, Account];

/** Makes a room. */
async function openRoom(
  owner: Account,
  { type = "public", members = [] }: { type?: "public" | "private"; members?: Account[] } = {},
): Promise<{ roomId: string; path: string }> {
  const room = { name: "Tea", type, members: members.map(({ id }) => id) };
  const { status, body } = await owner.request("POST", "/rooms", room);
  assert.equal(status, 201);
  return { roomId: body.room.id, path: `/rooms/${body.room.id}` };
}

export function testRoomRaces({ name, fresh }: StoreSetting): void {
  const test = (
    sentence: string,
    act: (stage: Stage, everywhere: Everywhere) => Promise<void>,
  ) =>
    Deno.test(`${name}: ${sentence}`, async () => {
      const settings = await fresh();
      const [a, b] = [await startServer(settings), await startServer(settings)];
      const stage = new Stage(a);
      try {
        await act(stage, (account) => [account, account.at(b.url)]);
      } finally {
        await stage.end();
        await b.stop();
      }
    });

  test(
    "two who create their direct room on two instances at once get the same one",
    async (stage, everywhere) => {
      for (let round = 0; round < 3; round++) {
        const [ada, bob] = await stage.people("Ada", "Bob");
        const [adaHere, adaThere] = everywhere(ada);
        const [bobHere, bobThere] = everywhere(bob);
        const answers = await Promise.all([
          adaHere.request("POST", "/directs", { userId: bob.id }),
          bobThere.request("POST", "/directs", { userId: ada.id }),
          bobHere.request("POST", "/directs", { userId: ada.id }),
          adaThere.request("POST", "/directs", { userId: bob.id }),
        ]);
        const statuses = answers.map(({ status }) => status);
        assert.deepEqual(statuses.toSorted(), [200, 200, 200, 201]);
        assert.equal(new Set(answers.map(({ body }) => body.room.id)).size, 1);
        const { body } = await bobHere.request("GET", "/rooms?mine=true");
        assert.equal(body.rooms.length, 1);
      }
    },
  );

  test(
    "from the answer to a block on neither sends in the direct room, on whichever instance",
    async (stage, everywhere) => {
      const [ada, bob] = await stage.people("Ada", "Bob");
      const { room } = (await ada.request("POST", "/directs", { userId: bob.id })).body;
      const send = async () => {
        const outcomes = [];
        for (const account of [...everywhere(ada), ...everywhere(bob)]) {
          const { body } = await account.request("POST", `/rooms/${room.id}/messages`, {
            text: "Hi",
          });
          outcomes.push(body.code ?? "sent");
        }
        return outcomes;
      };
      for (const [i, blocker] of [...everywhere(ada), ...everywhere(bob)].entries()) {
        const other = i < 2 ? bob : ada;
        assert.deepEqual(await send(), Array(4).fill("sent"));
        await blocker.request("PUT", `/users/${other.id}/block`);
        assert.deepEqual(await send(), Array(4).fill("forbidden"));
        await blocker.request("DELETE", `/users/${other.id}/block`);
      }
      assert.deepEqual(await send(), Array(4).fill("sent"));
    },
  );

  test(
    "the last use of an invitation is had by one, on whichever instance",
    async (stage, everywhere) => {
      const [ada, ...others] = await stage.people("Ada", "Bob", "Cleo", "Dan");
      const room = await openRoom(ada, { type: "private" });
      const path = `${room.path}/invitations`;
      const { invitation } = (await ada.request("POST", path, { maxUses: 1 })).body;
      const use = (account: Account) => account.request("POST", `/invitations/${invitation.code}`);
      const answers = await Promise.all(others.flatMap(everywhere).map(use));
      const statuses = answers.map(({ status }) => status).toSorted();
      assert.deepEqual(statuses, [200, 200, 404, 404, 404, 404]);
      const listed = (await ada.request("GET", path)).body.invitations;
      assert.deepEqual(listed.map(({ uses }: { uses: number }) => uses), [1]);
      assert.equal((await ada.request("GET", room.path)).body.room.memberCount, 2);
    },
  );

  for (
    const [what, allow, forbid] of [
      ["a mute", ["DELETE", "/mutes/"], ["PUT", "/mutes/", {}]],
      ["an archive", ["PATCH", "", { archived: false }], ["PATCH", "", { archived: true }]],
      [
        "moderators alone sending",
        ["PATCH", "", { postPolicy: "members" }],
        ["PATCH", "", { postPolicy: "moderators" }],
      ],
      [
        "a low role",
        ["PUT", "/members/", { role: "moderator" }],
        ["PUT", "/members/", { role: "member" }],
      ],
    ] as const
  ) {
    test(
      `nobody is refused because of ${what} that another instance has ended`,
      async (stage, everywhere) => {
        const [ada, bob] = await stage.people("Ada", "Bob");
        const { path } = await openRoom(ada, { members: [bob] });
        const there = everywhere(bob)[1];
        const isRefused = async () => {
          const mentionsRoom = what === "a low role";
          const { body } = await there.request("POST", `${path}/messages`, {
            text: "Hi",
            mentionsRoom,
          });
          return body.code !== undefined;
        };
        for (const [method, place, body] of [forbid, allow, forbid, allow]) {
          const target = place.endsWith("/") ? `${path}${place}${bob.id}` : `${path}${place}`;
          const { status } = await ada.request(method, target, body);
          assert.ok(status < 300);
          assert.equal(await isRefused(), method === forbid[0] && body === forbid[2]);
        }
      },
    );
  }

  test(
    "what a member may do is shown from their joining on, on whichever instance",
    async (stage, everywhere) => {
      const [ada, bob] = await stage.people("Ada", "Bob");
      const { path, roomId } = await openRoom(ada);
      const [here, there] = everywhere(bob);
      const socket = await TestSocket.connect(there);
      const shown = async () => {
        const { data } = await socket.call("room:join", { roomId });
        socket.send("room:leave", { roomId });
        const { data: missed } = await socket.call("connection:recover", {
          roomId,
          lastSeenSeq: data.room.lastSeq,
        });
        socket.send("room:leave", { roomId });
        const { body } = await there.request("GET", path);
        const { body: changes } = await there.request("GET", `${path}/changes?after=0`);
        return [data, missed, body, changes].map(({ capabilities }) => {
          return capabilities.includes("message.edit_own");
        });
      };
      assert.deepEqual(await shown(), Array(4).fill(false));
      await here.request("PUT", `${path}/members/me`);
      assert.deepEqual(await shown(), Array(4).fill(true));
      await socket.close();
    },
  );

  test(
    "a change of settings shows a socket what its user may do who has joined elsewhere",
    async (stage, everywhere) => {
      const [ada, bob] = await stage.people("Ada", "Bob");
      const { path, roomId } = await openRoom(ada);
      const [here, there] = everywhere(bob);
      const socket = await TestSocket.connect(there);
      await socket.call("room:join", { roomId });
      await here.request("PUT", `${path}/members/me`);
      await everywhere(ada)[1].request("PATCH", path, { description: "Hot" });
      const { data } = await socket.event("room:updated");
      assert.ok(data.capabilities.includes("message.edit_own"));
      await socket.close();
    },
  );

  test(
    "nobody is shown who types after a ban, on whichever instance",
    async (stage, everywhere) => {
      const [ada, bob, cleo] = await stage.people("Ada", "Bob", "Cleo");
      const { path, roomId } = await openRoom(ada);
      const [bobs, cleos] = [
        await TestSocket.connect(everywhere(bob)[1]),
        await TestSocket.connect(everywhere(cleo)[1]),
      ];
      for (const socket of [bobs, cleos]) await socket.call("room:join", { roomId });
      await ada.request("PUT", `${path}/bans/${bob.id}`, {});
      const { event, data } = await bobs.call("typing:start", { roomId });
      assert.deepEqual([event, data.code], ["error", "forbidden"]);
      await cleos.event("message:new", ({ message }) => message.systemType === "member_banned");
      assert.deepEqual(cleos.all("typing:update"), []);
      for (const socket of [bobs, cleos]) await socket.close();
    },
  );

  test(
    "of two owners who step down at once on two instances one stays owner",
    async (stage, everywhere) => {
      const [ada, bob] = await stage.people("Ada", "Bob");
      const { path } = await openRoom(ada, { members: [bob] });
      await ada.request("PUT", `${path}/members/${bob.id}`, { role: "owner" });
      const answers = await Promise.all([everywhere(ada)[0], everywhere(bob)[1]].map((owner) => {
        return owner.request("PUT", `${path}/members/me`, { role: "member" });
      }));
      assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409]);
      const { body } = await ada.request("GET", `${path}/members?role=owner`);
      assert.equal(body.members.length, 1);
    },
  );

  test(
    "no edit of who was removed and no deletion of who was demoted comes after that in the log",
    async (stage, everywhere) => {
      const [ada, bob, cleo] = await stage.people("Ada", "Bob", "Cleo");
      const { path } = await openRoom(ada, { members: [bob, cleo] });
      await ada.request("PUT", `${path}/members/${cleo.id}`, { role: "moderator" });
      const ids: string[] = [];
      for (let i = 0; i < 20; i++) {
        const { body } = await bob.request("POST", `${path}/messages`, { text: `Message ${i}` });
        ids.push(body.message.id);
      }
      const [edited, deleted] = [ids.slice(0, 10), ids.slice(10)];
      const [bobThere, cleoThere] = [everywhere(bob)[1], everywhere(cleo)[1]];
      const changes = [
        ...edited.map((id) => bobThere.request("PATCH", `${path}/messages/${id}`, { text: "New" })),
        ...deleted.map((id) => cleoThere.request("DELETE", `${path}/messages/${id}`)),
        ada.request("DELETE", `${path}/members/${bob.id}`),
        ada.request("PUT", `${path}/members/${cleo.id}`, { role: "member" }),
      ];
      for (const { status } of await Promise.all(changes)) {
        assert.ok([200, 204, 403].includes(status), String(status));
      }
      const { messages } = (await ada.request("GET", `${path}/messages?limit=100`)).body;
      const seqOf = (type: string) => {
        return messages.findLast(({ systemType }: Shown) => systemType === type).seq;
      };
      const [removal, demotion] = [seqOf("member_removed"), seqOf("member_role")];
      for (const { id, seq, changedSeq } of messages as Shown[]) {
        if (changedSeq === seq) continue;
        assert.ok(changedSeq < (edited.includes(id) ? removal : demotion));
      }
    },
  );

  test(
    "a room's deletion takes out 50 sockets on two instances, with nothing after it",
    async (stage, everywhere) => {
      const [ada, bob] = await stage.people("Ada", "Bob");
      const { path, roomId } = await openRoom(ada);
      const instances = everywhere(bob);
      const sockets = await Promise.all(Array.from({ length: 50 }, async (_, i) => {
        const socket = await TestSocket.connect(instances[i % 2]!);
        await socket.call("room:join", { roomId });
        return socket;
      }));
      assert.equal((await ada.request("DELETE", path)).status, 204);
      for (const socket of sockets) {
        const { data } = await socket.event("room:removed");
        assert.deepEqual([data.roomId, data.reason], [roomId, "deleted"]);
        const last = socket.all("message:new").at(-1);
        assert.equal(last?.message.systemType, "room_deleted");
      }
      const { event, data } = await sockets[1]!.call("message:send", { roomId, text: "Hi" });
      assert.deepEqual([event, data.code], ["error", "room_not_found"]);
      await Promise.all(sockets.map((socket) => socket.close()));
    },
  );

  test(
    "who is removed while they recover the third page of seven gets nothing from after that",
    async (stage, everywhere) => {
      const [ada, bob] = await stage.people("Ada", "Bob");
      const { path, roomId } = await openRoom(ada, { type: "private", members: [bob] });
      const sender = await TestSocket.connect(ada);
      for (let i = 0; i < 13; i++) {
        await Promise.all(Array.from({ length: 100 }, () => {
          return sender.call("message:send", { roomId, text: "Hello" });
        }));
      }
      const socket = await TestSocket.connect(everywhere(bob)[1]);
      let lastSeenSeq = 0;
      const recover = () => socket.call("connection:recover", { roomId, lastSeenSeq });
      for (let page = 0; page < 2; page++) {
        const { data } = await recover();
        assert.equal(data.hasMore, true);
        lastSeenSeq = data.lastSeq;
      }
      const removal = ada.request("DELETE", `${path}/members/${bob.id}`);
      const third = await recover();
      assert.equal((await removal).status, 204);
      if (third.event === "error") assert.equal(third.data.code, "room_not_found");
      else lastSeenSeq = third.data.lastSeq;
      const { event, data } = await recover();
      assert.deepEqual([event, data.code], ["error", "room_not_found"]);
      assert.deepEqual(socket.all("message:new"), []);
      await Promise.all([sender, socket].map((each) => each.close()));
    },
  );

  test(
    "what a role lets one read begins and ends with it, on whichever instance",
    async (stage, everywhere) => {
      const [ada, bob] = await stage.people("Ada", "Bob");
      const { path, roomId } = await openRoom(ada, { type: "private", members: [bob] });
      const { id } = (await ada.request("POST", `${path}/messages`, { text: "Hi" })).body.message;
      const there = everywhere(bob)[1];
      const statuses = async () => {
        const answers = [];
        for (
          const list of [
            `${path}/bans`,
            `${path}/mutes`,
            `${path}/messages/${id}/edits`,
            `/reports?roomId=${roomId}`,
            `/audit?roomId=${roomId}`,
          ]
        ) answers.push((await there.request("GET", list)).status);
        return answers;
      };
      const give = (role: string) => ada.request("PUT", `${path}/members/${bob.id}`, { role });
      assert.deepEqual(await statuses(), Array(5).fill(403));
      await give("owner");
      assert.deepEqual(await statuses(), Array(5).fill(200));
      await give("member");
      assert.deepEqual(await statuses(), Array(5).fill(403));
      assert.equal((await there.request("DELETE", path)).status, 403);
      await give("owner");
      assert.equal((await there.request("DELETE", path)).status, 204);
    },
  );
}
