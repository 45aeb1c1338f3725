/** Rooms with members from their beginning, direct rooms, blocks and preferences, over REST. */
import assert from "node:assert/strict";
import type { Account } from "../harness/account.ts";
import { shareStage } from "../harness/shared_server.ts";
import type { Stage } from "../harness/stage.ts";
import type { StoreSetting } from "../harness/stores.ts";

// deno-lint-ignore no-explicit-any -- as answers are
type Json = any;

export function testDirectRooms(setting: StoreSetting): void {
  const onStage = shareStage(setting);
  const test = (sentence: string, act: (stage: Stage) => Promise<void>) => {
    Deno.test(`${setting.name}: ${sentence}`, () => onStage(act));
  };

  test("a private room begins with its members, and does not exist for others", async (stage) => {
    const [ada, bob, eve] = await stage.people("Ada", "Bob", "Eve");
    const { status, body, headers } = await ada.request("POST", "/rooms", {
      name: "Plans",
      type: "private",
      members: [bob.id, bob.id, ada.id],
      postPolicy: "moderators",
      slowModeSeconds: 5,
      metadata: { colour: "red" },
    });
    assert.equal(status, 201);
    const { room } = body;
    assert.equal(room.slug, room.id.toLowerCase());
    assert.equal(headers.get("location"), `/rooms/${room.slug}`);
    const { type, memberCount, postPolicy, slowModeSeconds, archivedAt, metadata, lastSeq } = room;
    assert.deepEqual(
      [type, memberCount, postPolicy, slowModeSeconds, archivedAt, metadata, lastSeq],
      ["private", 2, "moderators", 5, null, { colour: "red" }, 2],
    );
    assert.equal(room.members, undefined);
    const { messages } = (await bob.request("GET", `/rooms/${room.id}/messages`)).body;
    assert.deepEqual(
      messages.map(({ text, systemType, systemData, sender }: Json) => {
        return [text, systemType, systemData.users, sender.id];
      }),
      [
        ["Ada created the room", "room_created", [ada.id], ada.id],
        ["Ada added Bob", "member_added", [bob.id], ada.id],
      ],
    );
    for (const key of [room.id, room.slug]) {
      for (const path of [`/rooms/${key}`, `/rooms/${key}/messages`]) {
        const answer = await eve.request("GET", path);
        assert.deepEqual([answer.status, answer.body.code], [404, "room_not_found"]);
      }
    }
    const listed = async (account: Account) => {
      const { rooms } = (await account.request("GET", "/rooms")).body;
      return rooms.map(({ id }: Json) => id).includes(room.id);
    };
    assert.deepEqual([await listed(ada), await listed(bob), await listed(eve)], [
      true,
      true,
      false,
    ]);
  });

  test("a room is not created with members who do not exist or have blocked its creator", async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const create = (members: unknown) => ada.request("POST", "/rooms", { name: "Tea", members });
    const unknown = await create(["nobody"]);
    assert.deepEqual([unknown.status, unknown.body.code], [404, "not_found"]);
    await bob.request("PUT", `/users/${ada.id}/block`);
    const blocked = await create([bob.id]);
    assert.deepEqual([blocked.status, blocked.body.code], [403, "forbidden"]);
    const many = await create(Array.from({ length: 101 }, (_, i) => `user ${i}`));
    assert.deepEqual([many.status, many.body.code], [400, "validation_failed"]);
    assert.deepEqual((await ada.request("GET", "/rooms?mine=true")).body.rooms, []);
  });

  test("nobody adds a user who has blocked them to a room, but members keep their roles", async (stage) => {
    const [ada, bob, cleo] = await stage.people("Ada", "Bob", "Cleo");
    const room = { name: "Plans", type: "private", members: [cleo.id] };
    const { id } = (await ada.request("POST", "/rooms", room)).body.room;
    for (const account of [bob, cleo]) await account.request("PUT", `/users/${ada.id}/block`);
    const add = (userId: string, role?: string) => {
      return ada.request("PUT", `/rooms/${id}/members/${userId}`, role ? { role } : {});
    };
    assert.equal((await add(bob.id)).body.code, "forbidden");
    assert.equal((await add(bob.id, "moderator")).body.code, "forbidden");
    assert.equal((await add(cleo.id, "moderator")).status, 200);
    await bob.request("DELETE", `/users/${ada.id}/block`);
    assert.equal((await add(bob.id)).status, 200);
  });

  test("a direct room is created once, whoever of the two asks, and is of both", async (stage) => {
    const [ada, bob, eve] = await stage.people("Ada", "Bob", "Eve");
    const first = await ada.request("POST", "/directs", { userId: bob.id });
    assert.equal(first.status, 201);
    const { room } = first.body;
    const names = room.members.map(({ displayName }: Json) => displayName).toSorted();
    assert.deepEqual([room.type, room.name, room.memberCount, names], ["direct", "", 2, [
      "Ada",
      "Bob",
    ]]);
    assert.equal(room.slug, room.id.toLowerCase());
    for (const [account, userId] of [[ada, bob.id], [bob, ada.id]] as const) {
      const again = await account.request("POST", "/directs", { userId });
      assert.deepEqual([again.status, again.body.room.id], [200, room.id]);
      const own = await account.request("GET", "/rooms?mine=true&sort=activity");
      assert.deepEqual(own.body.rooms.map(({ id }: Json) => id), [room.id]);
      const { rooms } = (await account.request("GET", "/rooms")).body;
      assert.ok(!rooms.some(({ id }: Json) => id === room.id));
      const { capabilities } = (await account.request("GET", `/rooms/${room.id}`)).body;
      assert.ok(capabilities.includes("message.pin") && !capabilities.includes("member.add"));
    }
    assert.equal((await eve.request("GET", `/rooms/${room.id}`)).status, 404);
    for (const [userId, code] of [["nobody", "not_found"], [ada.id, "validation_failed"]]) {
      assert.equal((await ada.request("POST", "/directs", { userId })).body.code, code);
    }
  });

  test("a direct room begins with who of the two has started the conversation", async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { room } = (await ada.request("POST", "/directs", { userId: bob.id })).body;
    const [notice] = (await bob.request("GET", `/rooms/${room.id}/messages`)).body.messages;
    assert.deepEqual(
      [notice.text, notice.systemType, notice.systemData.users],
      ["Ada started the conversation", "room_created", [ada.id, bob.id].sort()],
    );
  });

  test("a direct room shows its two as they are now", async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { room } = (await ada.request("POST", "/directs", { userId: bob.id })).body;
    const socket = await stage.connect(ada);
    const join = async () => {
      const { data } = await socket.call("room:join", { roomId: room.id });
      return data.room.members.map(({ displayName }: Json) => displayName).toSorted();
    };
    assert.deepEqual(await join(), ["Ada", "Bob"]);
    await bob.request("PATCH", "/auth/me", { displayName: "Robert" });
    assert.deepEqual(await join(), ["Ada", "Robert"]);
    const cursor = { roomId: room.id, lastSeenSeq: 0 };
    const { data } = await socket.call("connection:recover", cursor);
    assert.ok(data.room.members.some(({ displayName }: Json) => displayName === "Robert"));
    const { body } = await ada.request("GET", `/rooms/${room.id}`);
    assert.ok(body.room.members.some(({ displayName }: Json) => displayName === "Robert"));
  });

  test("the rules that a room begins with hold from its first message on", async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const create = async (rules: Json) => {
      const { body } = await ada.request("POST", "/rooms", {
        name: "Tea",
        members: [bob.id],
        ...rules,
      });
      return body.room.id;
    };
    const send = async (account: Account, id: string) => {
      const { body } = await account.request("POST", `/rooms/${id}/messages`, { text: "Hello" });
      return body.code ?? "sent";
    };
    const moderated = await create({ postPolicy: "moderators" });
    assert.deepEqual([await send(bob, moderated), await send(ada, moderated)], [
      "forbidden",
      "sent",
    ]);
    const slow = await create({ slowModeSeconds: 600 });
    assert.deepEqual([await send(bob, slow), await send(bob, slow)], ["sent", "slow_mode"]);
    assert.deepEqual([await send(ada, slow), await send(ada, slow)], ["sent", "sent"]);
  });

  test("of many who create the direct room of two at once one does, and all get it", async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => {
      return i % 2 === 0
        ? ada.request("POST", "/directs", { userId: bob.id })
        : bob.request("POST", "/directs", { userId: ada.id });
    }));
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    assert.equal(new Set(answers.map(({ body }) => body.room.id)).size, 1);
    assert.ok(answers.every(({ status }) => status === 200 || status === 201));
  });

  test("while one of two has blocked the other neither sends, over REST or a socket", async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { room } = (await ada.request("POST", "/directs", { userId: bob.id })).body;
    const sockets = [await stage.join(ada, room.id), await stage.join(bob, room.id)];
    const send = async () => {
      const outcomes = [];
      for (const account of [ada, bob]) {
        const { body } = await account.request("POST", `/rooms/${room.id}/messages`, {
          text: "Hi",
        });
        outcomes.push(body.code ?? "sent");
      }
      for (const socket of sockets) {
        const { event, data } = await socket.call("message:send", { roomId: room.id, text: "Hi" });
        outcomes.push(event === "message:ack" ? "sent" : data.code);
      }
      return outcomes;
    };
    const canSend = async (account: Account) => {
      const { capabilities } = (await account.request("GET", `/rooms/${room.id}`)).body;
      return capabilities.includes("message.send");
    };
    assert.deepEqual(await send(), Array(4).fill("sent"));
    assert.equal((await bob.request("PUT", `/users/${ada.id}/block`)).status, 204);
    assert.deepEqual(await send(), Array(4).fill("forbidden"));
    assert.deepEqual([await canSend(ada), await canSend(bob)], [false, false]);
    assert.equal((await ada.request("POST", "/directs", { userId: bob.id })).status, 403);
    assert.equal((await bob.request("DELETE", `/users/${ada.id}/block`)).status, 204);
    assert.deepEqual(await send(), Array(4).fill("sent"));
    assert.deepEqual([await canSend(ada), await canSend(bob)], [true, true]);
  });

  test("while one of two has blocked the other neither is shown typing to the other", async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { room: { id: roomId } } =
      (await ada.request("POST", "/directs", { userId: bob.id })).body;
    const sockets = [await stage.join(ada, roomId), await stage.join(bob, roomId)];
    const type = async () => {
      for (const socket of sockets) socket.send("typing:start", { roomId });
      // What follows in the same room is answered once that has been done.
      for (const socket of sockets) await socket.call("room:join", { roomId });
      for (const socket of sockets) socket.send("typing:stop", { roomId });
      for (const socket of sockets) await socket.call("room:join", { roomId });
    };
    await bob.request("PUT", `/users/${ada.id}/block`);
    await type();
    for (const socket of sockets) assert.deepEqual(socket.all("typing:update"), []);
    await bob.request("DELETE", `/users/${ada.id}/block`);
    await type();
    for (const socket of sockets) await socket.event("typing:update", ({ isTyping }) => isTyping);
  });

  test("while one of two has blocked the other no direct room is given", async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    await bob.request("PUT", `/users/${ada.id}/block`);
    for (const [account, userId] of [[ada, bob.id], [bob, ada.id]] as const) {
      const { status, body } = await account.request("POST", "/directs", { userId });
      assert.deepEqual([status, body.code], [403, "forbidden"]);
    }
    await bob.request("DELETE", `/users/${ada.id}/block`);
    assert.equal((await ada.request("POST", "/directs", { userId: bob.id })).status, 201);
    await bob.request("PUT", `/users/${ada.id}/block`);
    const again = await ada.request("POST", "/directs", { userId: bob.id });
    assert.deepEqual([again.status, again.body.code], [403, "forbidden"]);
  });

  test("blocks are listed page by page, and lifted", async (stage) => {
    const [ada, ...others] = await stage.people("Ada", "Bob", "Cleo", "Dan");
    for (const { id } of others) await ada.request("PUT", `/users/${id}/block`);
    await ada.request("PUT", `/users/${others[0].id}/block`);
    const first = (await ada.request("GET", "/auth/me/blocks?limit=2")).body;
    const next = (await ada.request("GET", `/auth/me/blocks?cursor=${first.nextCursor}`)).body;
    assert.equal(next.nextCursor, null);
    const ids = [...first.blocks, ...next.blocks].map(({ user }: Json) => user.id);
    assert.deepEqual(ids, others.map(({ id }) => id).toSorted());
    assert.equal((await ada.request("DELETE", `/users/${ids[0]}/block`)).status, 204);
    assert.equal((await ada.request("DELETE", "/users/nobody/block")).status, 204);
    assert.equal((await ada.request("GET", "/auth/me/blocks")).body.blocks.length, 2);
    const refusals = [["nobody", "not_found"], [ada.id, "validation_failed"]];
    for (const [id, code] of refusals) {
      assert.equal((await ada.request("PUT", `/users/${id}/block`)).body.code, code);
    }
  });

  test("own rooms are listed the last active first, page by page, up to 200 at once", async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const rooms = [];
    for (const name of ["a", "b", "c"]) rooms.push(await ada.createRoom(name));
    await bob.createRoom("d");
    await ada.request("POST", `/rooms/${rooms[1]!.id}/messages`, { text: "Hello" });
    const names = async (path: string) => {
      return (await ada.request("GET", path)).body.rooms.map(({ name }: Json) => name).join("");
    };
    assert.equal(await names("/rooms?mine=true&sort=activity&limit=200"), "bca");
    assert.equal(await names("/rooms?mine=true"), "abc");
    const first = await ada.request("GET", "/rooms?mine=true&sort=activity&limit=2");
    const next = first.headers.get("link")!.match(/<(.+)>; rel="next"/)![1]!;
    assert.equal(await names(next), "a");
    for (const query of ["sort=activity", "limit=101", "mine=yes", "mine=true&limit=201"]) {
      const { status, body } = await ada.request("GET", `/rooms?${query}`);
      assert.deepEqual([status, body.code], [400, "validation_failed"], query);
    }
    const odd = "/rooms?mine=true&sort=activity&cursor=W10";
    assert.equal((await ada.request("GET", odd)).body.code, "validation_failed");
  });

  test("a hidden room leaves the list until there is a new message in it", async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { room } = (await ada.request("POST", "/directs", { userId: bob.id })).body;
    const listed = async () => {
      const { rooms } = (await ada.request("GET", "/rooms?mine=true&sort=activity")).body;
      return rooms.map(({ id }: Json) => id);
    };
    const set = (account: Account, preferences: unknown) => {
      return account.request("PUT", `/rooms/${room.id}/preferences`, preferences);
    };
    assert.equal((await set(ada, { hidden: true, notifications: "mentions" })).status, 204);
    assert.deepEqual(await listed(), []);
    await bob.request("POST", `/rooms/${room.id}/messages`, { text: "Are you there?" });
    assert.deepEqual(await listed(), [room.id]);
    await set(ada, { hidden: true });
    await set(ada, { hidden: false });
    assert.deepEqual(await listed(), [room.id]);
    for (const preferences of [{}, { hidden: "yes" }, { notifications: "some" }]) {
      assert.equal((await set(ada, preferences)).body.code, "validation_failed");
    }
  });

  test("preferences are of members, and a private room does not exist for others", async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const open = await ada.createRoom("Open");
    const hidden =
      (await ada.request("POST", "/rooms", { name: "Plans", type: "private" })).body.room;
    const set = (id: string) => bob.request("PUT", `/rooms/${id}/preferences`, { hidden: true });
    assert.equal((await set(open.id)).body.code, "forbidden");
    assert.equal((await set(hidden.id)).body.code, "room_not_found");
  });
}
