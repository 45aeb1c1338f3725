/** Admins of the server: who is one, what they do with others, and from when on. */
// @slow: several servers, and a process
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RecentProfiles } from "../src/rooms/recent_profiles.ts";
import { authHandlers } from "../src/sockets/commands/auth.ts";
import type { Context } from "../src/sockets/commands/handler.ts";
import { Connection } from "../src/sockets/connection.ts";
import { Connections } from "../src/sockets/connections.ts";
import { type Account, request } from "./harness/account.ts";
import { startServer } from "./harness/server.ts";
import { onStage, Stage, stageStore, until } from "./harness/stage.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PRODUCTION = {
  NODE_ENV: "production",
  BCRYPT_COST: "10",
  JWT_SECRET: "a".repeat(32),
  JWT_REFRESH_SECRET: "b".repeat(32),
};
const PASSWORD = "correct horse";

function register(url: string, email: string) {
  const body = { email, password: PASSWORD, displayName: "Ada" };
  return request(url, "POST", "/auth/register", { body });
}

/** People of whom the first is an admin. */
async function withAdmin<const Names extends string[]>(stage: Stage, ...names: Names) {
  const [admin] = await stage.people("Admin");
  return [admin, ...await stage.people(...names)] as const;
}

async function roleOf(account: Account): Promise<string> {
  return (await account.request("GET", "/auth/me")).body.user.role;
}

function setRole(actor: Account, { id }: { id: string }, role: string) {
  return actor.request("PUT", `/users/${id}/role`, { role });
}

/** Whether the account may do what only admins may. */
async function isObeyed(account: Account): Promise<boolean> {
  const { status, body } = await setRole(account, { id: "nobody" }, "admin");
  assert.deepEqual([status, body.code], status === 404 ? [404, "not_found"] : [403, "forbidden"]);
  return status === 404;
}

/** Whether a socket may delete the messages of others in a public room. */
async function mayDelete(
  socket: Awaited<ReturnType<Stage["connect"]>>,
  author: Account,
  roomId: string,
): Promise<boolean> {
  const { body } = await author.request("POST", `/rooms/${roomId}/messages`, { text: "Mine" });
  const { event, data } = await socket.call("message:delete", {
    roomId,
    messageId: body.message.id,
  });
  assert.ok(event === "message:ack" || data.code === "forbidden", JSON.stringify(data));
  return event === "message:ack";
}

Deno.test("in development the first account alone is an admin", () =>
  onStage(async (stage) => {
    const [admin, ada] = await withAdmin(stage, "Ada");
    assert.deepEqual([await roleOf(admin), await roleOf(ada)], ["admin", "member"]);
    const socket = await stage.connect(admin);
    assert.equal((await socket.event("auth:ok")).data.user.role, "admin");
    assert.deepEqual([await isObeyed(admin), await isObeyed(ada)], [true, false]);
  }));

Deno.test("of twenty who register first at once one is an admin", () =>
  onStage(async (stage) => {
    const people = await stage.people(...Array<string>(20).fill("Ada"));
    const roles = await Promise.all(people.map(roleOf));
    assert.equal(roles.filter((role) => role === "admin").length, 1);
  }));

Deno.test("in production the first account is no admin", () =>
  onStage(async (stage) => {
    const { body } = await register(stage.server.url, "first@example.com");
    assert.equal(body.user.role, "member");
  }, PRODUCTION));

Deno.test("in development whoever registers an email of ADMIN_EMAIL is an admin", () =>
  onStage(async (stage) => {
    await stage.people("First");
    const { url } = stage.server;
    assert.equal((await register(url, "Boss@example.com")).body.user.role, "admin");
    assert.equal((await register(url, "other@example.com")).body.user.role, "member");
  }, { ADMIN_EMAIL: "boss@example.com" }));

Deno.test("in production nobody can register an email of ADMIN_EMAIL", () =>
  onStage(async (stage) => {
    const { url } = stage.server;
    const { status, body } = await register(url, "Boss@example.com");
    assert.deepEqual([status, body.code], [403, "forbidden"]);
    assert.equal((await register(url, "other@example.com")).status, 201);
  }, { ...PRODUCTION, ADMIN_EMAIL: "boss@example.com" }));

Deno.test("with ADMIN_PASSWORD the accounts of admins are made once, and keep their passwords", async () => {
  const shared = await stageStore().fresh();
  const emails = ["boss@example.com", "chief@example.com"];
  const logIn = (url: string, email: string, password: string) =>
    request(url, "POST", "/auth/login", { body: { email, password } });
  for (const ADMIN_PASSWORD of [PASSWORD, "another password"]) {
    await onStage(async (stage) => {
      const { url } = stage.server;
      for (const email of emails) {
        assert.equal((await register(url, email)).body.code, "email_taken");
        const { status, body } = await logIn(url, email, PASSWORD);
        assert.deepEqual([status, body.user.role], [200, "admin"]);
        assert.equal((await logIn(url, email, "another password")).status, 401);
      }
    }, { ...PRODUCTION, ...shared, ADMIN_EMAIL: emails.join(","), ADMIN_PASSWORD });
  }
});

Deno.test("accounts that are there become admins at a start that names them", async () => {
  const shared = await stageStore().fresh();
  const people: Account[] = [];
  await onStage(async (stage) => {
    people.push(...await withAdmin(stage, "Ada"));
  }, shared);
  const ada = people[1]!;
  await onStage(async ({ server: { url } }) => {
    const { body } = await request(url, "GET", "/auth/me", { token: ada.token });
    assert.equal(body.user.role, "admin");
  }, { ...shared, ADMIN_EMAIL: ada.email });
});

Deno.test("a role takes effect at once for all that the user has open", () =>
  onStage(async (stage) => {
    const [admin, ada, bob] = await withAdmin(stage, "Ada", "Bob");
    const room = await bob.createRoom("Bob's");
    const socket = await stage.connect(ada);
    assert.equal(await mayDelete(socket, bob, room.id), false);
    for (const [role, may] of [["admin", true], ["member", false]] as const) {
      assert.equal((await setRole(admin, ada, role)).status, 204);
      assert.equal(await isObeyed(ada), may);
      assert.equal(await mayDelete(socket, bob, room.id), may);
      assert.equal(await roleOf(ada), role);
      assert.equal((await setRole(admin, ada, role)).status, 204, "again");
    }
  }));

Deno.test("a role is shown to the user's sockets in each room that they are in, as what they may do", () =>
  onStage(async (stage) => {
    const [admin, ada, bob] = await withAdmin(stage, "Ada", "Bob");
    const [tea, coffee] = [await bob.createRoom("Tea"), await bob.createRoom("Coffee")];
    await ada.request("PUT", `/rooms/${tea.id}/members/me`);
    const sockets = [await stage.join(ada, tea.id), await stage.join(ada, tea.id)];
    await sockets[1]!.call("room:join", { roomId: coffee.id, present: false });
    const other = await stage.join(bob, tea.id);
    const shown = [[sockets[0]!, tea], [sockets[1]!, tea], [sockets[1]!, coffee]] as const;
    for (const role of ["admin", "member"]) {
      await setRole(admin, ada, role);
      await setRole(admin, ada, role);
      for (const [socket, { id }] of shown) {
        const { data } = await socket.event("room:updated", ({ roomId, capabilities }) => {
          return roomId === id && capabilities.includes("room.delete") === (role === "admin");
        });
        const { body } = await ada.request("GET", `/rooms/${id}`);
        assert.deepEqual([data.room.id, data.capabilities], [id, body.capabilities]);
      }
    }
    const updates = [...sockets, other].map((socket) => socket.all("room:updated").length);
    assert.deepEqual(updates, [2, 4, 0]);
  }));

Deno.test("a role that is noticed with a new token is shown in the rooms of all the user's sockets", async () => {
  let isAdmin = false;
  const changes: string[] = [];
  const connections = new Connections(false, (userId) => changes.push(userId));
  const handle = identifyHandler(connections, () => isAdmin);
  const [first, second] = [newConnection(), newConnection()];
  const identify = (connection: Connection) =>
    handle({ connection, event: "auth:identify", ref: undefined, about: {} }, { token: "" });
  try {
    for (const connection of [first, second]) await identify(connection);
    assert.deepEqual(changes, []);
    isAdmin = true;
    await identify(second);
    assert.deepEqual(changes, ["ada"]);
    assert.deepEqual([first.isAdmin, second.isAdmin], [true, true]);
  } finally {
    connections.close();
  }
});

Deno.test("a role is shown to the user's sockets as a change of their profile", () =>
  onStage(async (stage) => {
    const [admin, ada] = await withAdmin(stage, "Ada");
    const socket = await stage.connect(ada);
    await socket.call("account:recover", { lastSeenSeq: 0 });
    for (const role of ["admin", "member"]) {
      await setRole(admin, ada, role);
      await socket.event("account:item", ({ item }) => {
        return item.key === "profile" && item.data.user.role === role;
      });
    }
  }));

Deno.test("a role takes effect on an instance whose bus lost the event", async () => {
  // Each has a bus of its own, which carries nothing to the other.
  const shared = { ...await stageStore().fresh(), BUS: "memory" };
  const [here, there] = [
    new Stage(await startServer(shared)),
    new Stage(await startServer(shared)),
  ];
  try {
    const [admin, ada, bob] = await withAdmin(here, "Ada", "Bob");
    const room = await bob.createRoom("Bob's");
    const socket = await there.join(ada, room.id);
    const elsewhere = { ...ada, url: there.server.url } as Account;
    const asks = () =>
      request(elsewhere.url, "PUT", "/users/nobody/role", {
        token: ada.token,
        body: { role: "admin" },
      });
    for (const [role, status, may] of [["admin", 404, true], ["member", 403, false]] as const) {
      await setRole(admin, ada, role);
      await until(async () => (await asks()).status === status, `REST knows the ${role}`);
      await until(async () => await mayDelete(socket, bob, room.id) === may, `${role} on sockets`);
      await socket.event("room:updated", ({ capabilities }) => {
        return capabilities.includes("room.delete") === may;
      });
    }
  } finally {
    await here.end();
    await there.end();
  }
});

Deno.test("only admins give roles, to users that there are, and valid ones", () =>
  onStage(async (stage) => {
    const [admin, ada, bob] = await withAdmin(stage, "Ada", "Bob");
    const refusals = [
      [ada, bob, "admin", 403, "forbidden"],
      [ada, ada, "admin", 403, "forbidden"],
      [ada, admin, "member", 403, "forbidden"],
      [admin, { id: "nobody" }, "admin", 404, "not_found"],
      [admin, ada, "owner", 400, "validation_failed"],
    ] as const;
    for (const [actor, user, role, status, code] of refusals) {
      const answer = await setRole(actor, user, role);
      assert.deepEqual([answer.status, answer.body.code], [status, code]);
    }
    const { status } = await request(stage.server.url, "PUT", `/users/${ada.id}/role`, {
      body: { role: "admin" },
    });
    assert.equal(status, 401);
    assert.deepEqual([await roleOf(admin), await roleOf(ada)], ["admin", "member"]);
  }));

Deno.test("an admin stays: nobody takes the role from themselves, or from whom the operator named", () =>
  onStage(async (stage) => {
    const [admin] = await withAdmin(stage);
    const { body } = await register(stage.server.url, "boss@example.com");
    for (const id of [admin.id, body.user.id]) {
      const answer = await setRole(admin, { id }, "member");
      assert.deepEqual([answer.status, answer.body.code], [403, "forbidden"]);
    }
    assert.equal((await setRole(admin, admin, "admin")).status, 204);
  }, { ADMIN_EMAIL: "boss@example.com" }));

Deno.test("of two admins who take the role from each other at once one is left at least", () =>
  onStage(async (stage) => {
    const [admin, ada] = await withAdmin(stage, "Ada");
    for (let round = 0; round < 5; round++) {
      await setRole(admin, ada, "admin");
      const answers = await Promise.all([
        setRole(admin, ada, "member"),
        setRole(ada, admin, "member"),
      ]);
      const roles = await Promise.all([roleOf(admin), roleOf(ada)]);
      assert.ok(roles.includes("admin"), JSON.stringify([answers.map((a) => a.status), roles]));
      if (roles[0] === "member") await setRole(ada, admin, "admin");
    }
  }));

Deno.test("`deno task admin` makes an account an admin beside a running server, and lifts its ban", () =>
  onStage(async (stage) => {
    const [admin, ada] = await withAdmin(stage, "Ada");
    await admin.request("PUT", `/users/${ada.id}/ban`, {});
    const { code, output } = await run([ada.email.toUpperCase()], stage.server.settings);
    assert.equal(code, 0, output);
    assert.match(output, /^Ada \(ada.*@example\.com\) is an admin; .* within 10 s\n$/);
    const { email, password } = ada;
    const { status, body } = await request(stage.server.url, "POST", "/auth/login", {
      body: { email, password },
    });
    assert.deepEqual([status, body.user.role], [200, "admin"]);
    const asks = () =>
      request(stage.server.url, "PUT", "/users/nobody/role", {
        token: body.accessToken,
        body: { role: "admin" },
      });
    await until(async () => (await asks()).status === 404, "the server obeys the new admin");
  }));

Deno.test("`deno task admin` says in one line what is wrong, and makes no database", async () => {
  const DATA_DIR = await Deno.makeTempDir();
  const missing = await run(["ada@example.com"], { DATA_DIR });
  assert.equal(missing.code, 1);
  assert.match(missing.output, /^The admin was not made: DATA_DIR is .* no database; .*\n$/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(DATA_DIR)), []);
  await onStage(async ({ server: { settings } }) => {
    const unknown = await run(["ada@example.com"], settings);
    assert.equal(unknown.code, 1);
    assert.match(unknown.output, /^The admin was not made: no account .* register it first.*\n$/);
  });
  for (const args of [[], ["--all"], ["a@example.com", "b@example.com"]]) {
    const { code, output } = await run(args, { DATA_DIR });
    assert.deepEqual([code, output], [2, "Give one EMAIL; see: deno task admin --help\n"]);
  }
});

function newConnection(): Connection {
  const socket = { bufferedAmount: 0, send: () => {} } as unknown as WebSocket;
  return new Connection({ socket, address: "a", flusher: null, onClosing: () => {} });
}

/** The handler of `auth:identify` where every token is Ada's. */
function identifyHandler(connections: Connections, isAdmin: () => boolean) {
  const expiresAt = new Date(Date.now() + 60_000);
  const at = new Date();
  const user = { id: "ada", displayName: "Ada", ban: null, createdAt: at, updatedAt: at };
  const found = { user, session: { revokedAt: null, expiresAt }, accountSeq: 0 };
  const context = {
    connections,
    accounts: { enter: () => {} },
    admins: { known: isAdmin, has: () => Promise.resolve(isAdmin()) },
    rooms: { profiles: new RecentProfiles() },
    rateLimits: { limitOf: () => null },
    blobs: {},
    tokens: {
      verifyAccess: () => Promise.resolve({ userId: "ada", sessionId: "s", expiresAt }),
    },
    identifications: { find: () => Promise.resolve(found) },
  };
  return authHandlers(context as unknown as Context)["auth:identify"];
}

/** Runs the command as its task does, in a folder without a `.env`. */
async function run(args: string[], env: Record<string, string>) {
  const permissions = ["net", "read", "write", "env", "sys", "ffi"].map((name) =>
    `--allow-${name}`
  );
  const command = join(ROOT, "commands", "admin.ts");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, `--config=${join(ROOT, "deno.json")}`, command, ...args],
    cwd: await Deno.makeTempDir(),
    env: { ...env, NO_COLOR: "1" },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, output: `${out}${err}` };
}
