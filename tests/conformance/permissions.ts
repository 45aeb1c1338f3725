/** Who may do what: every action, in rooms of every kind, by everybody, over both transports. */
import assert from "node:assert/strict";
import { type Standing, STRANGER } from "../../src/domain/membership.ts";
import { CAPABILITIES, capabilitiesOf, type Capability } from "../../src/domain/permissions.ts";
import { OPEN_RULES, type RoomRules } from "../../src/domain/room.ts";
import { type Outcome, type Person, REST, type Transport, WEB_SOCKET } from "../harness/chat.ts";
import { upload } from "../harness/files.ts";
import { startServer } from "../harness/server.ts";
import { type Stage, withStage } from "../harness/stage.ts";
import type { StoreSetting } from "../harness/stores.ts";

// deno-lint-ignore no-explicit-any -- answers of every shape
type Data = any;

/** Who acts, by what they are in the rooms; admins of the server are in none. */
const ACTORS = ["stranger", "member", "muted", "banned", "moderator", "owner", "admin"] as const;
type ActorName = typeof ACTORS[number];
/** Those who are acted on, and the one whose messages are. */
const OTHERS = ["author", "added", "removed", "restricted"] as const;
type Name = ActorName | typeof OTHERS[number];

/** What the actors are in rooms that are not direct. */
const STANDINGS: Record<ActorName, Standing> = {
  stranger: STRANGER,
  member: { ...STRANGER, role: "member" },
  muted: { ...STRANGER, role: "member", mute: { until: null, reason: null } },
  banned: { ...STRANGER, ban: { until: null, reason: null } },
  moderator: { ...STRANGER, role: "moderator" },
  owner: { ...STRANGER, role: "owner" },
  admin: STRANGER,
};

/** A kind of room. */
interface Kind {
  name: string;
  rules: RoomRules;
  /** Of a direct room, whether the other one has blocked the member. */
  isBlocked?: true;
}

const KINDS: Kind[] = [
  { name: "a public room", rules: OPEN_RULES },
  { name: "an archived public room", rules: { ...OPEN_RULES, archivedAt: new Date() } },
  { name: "an announcement room", rules: { ...OPEN_RULES, postPolicy: "moderators" } },
  { name: "a private room", rules: { ...OPEN_RULES, type: "private" } },
  {
    name: "an archived private room",
    rules: { ...OPEN_RULES, type: "private", archivedAt: new Date() },
  },
  { name: "a direct room", rules: { ...OPEN_RULES, type: "direct" } },
  {
    name: "a direct room after a block",
    rules: { ...OPEN_RULES, type: "direct" },
    isBlocked: true,
  },
];

/** A room with what is acted on in it. */
interface Place extends Kind {
  roomId: string;
  /** Two of the author's messages: one that stays, and one that is deleted. */
  kept: string;
  deleted: string;
  /** Two of the actor's own, where they have any. */
  own: Map<ActorName, [kept: string, deleted: string]>;
}

/** Where an action happens. */
interface Scene extends Place {
  ids: Record<Name, string>;
  actor: ActorName;
  /** A file of the actor's own, if the action has one. */
  file: string;
}

/** Something that one does in a room, and again without another effect. */
interface Action {
  /** All of them. */
  needs: Capability[];
  /** What it does as an event of the WebSocket's protocol, over both transports. */
  event?: (scene: Scene) => [event: string, data: Data];
  /** What it is over REST alone, below the room's path. */
  request?: (scene: Scene) => [method: string, path: string, body?: Data];
  /** The path of a list that is asked for the room. */
  list?: (roomId: string) => string;
  /** It is done with a file. */
  hasFile?: true;
  /** Nobody may, whatever their capabilities. */
  isNobodys?: true;
  /** It ends the room. */
  isLast?: true;
}

const ACTIONS: Record<string, Action> = {
  "join with a socket": { needs: ["room.read"], event: () => ["room:join", {}] },
  "recover": { needs: ["room.read"], event: () => ["connection:recover", { lastSeenSeq: 0 }] },
  "read the room": { needs: ["room.read"], request: () => ["GET", ""] },
  "read history": { needs: ["room.read"], request: () => ["GET", "/messages"] },
  "read a message": { needs: ["room.read"], request: ({ kept }) => ["GET", `/messages/${kept}`] },
  "read around a message": {
    needs: ["room.read"],
    request: ({ kept }) => ["GET", `/messages?around=${kept}`],
  },
  "list who reacted": {
    needs: ["room.read"],
    request: ({ kept }) => ["GET", `/messages/${kept}/reactions/tada`],
  },
  "search": { needs: ["room.read"], list: (roomId) => `/search?q=hello&roomId=${roomId}` },
  "read changes": { needs: ["room.read"], request: () => ["GET", "/changes?after=0"] },
  "list pins": { needs: ["room.read"], request: () => ["GET", "/pins"] },
  "list members": { needs: ["room.read"], request: () => ["GET", "/members"] },
  "send a message": { needs: ["message.send"], event: () => ["message:send", { text: "Hello" }] },
  "send a file": {
    needs: ["message.send", "file.upload"],
    hasFile: true,
    event: ({ file }) => ["message:send", { text: "", attachments: [file] }],
  },
  "mention the room": {
    needs: ["message.send", "message.mention_room"],
    event: () => ["message:send", { text: "Hello", mentionsRoom: true }],
  },
  "react": {
    needs: ["message.react"],
    event: ({ kept }) => ["reaction:add", { messageId: kept, emoji: "tada" }],
  },
  "take a reaction back": {
    needs: ["message.react"],
    event: ({ kept }) => ["reaction:remove", { messageId: kept, emoji: "tada" }],
  },
  "edit one's own message": {
    needs: ["message.edit_own"],
    event: (scene) => ["message:edit", { messageId: ownOf(scene)[0], text: "Hello again" }],
  },
  "edit another's message": {
    needs: ["message.edit_own"],
    isNobodys: true,
    event: ({ kept }) => ["message:edit", { messageId: kept, text: "Never" }],
  },
  "delete one's own message": {
    needs: ["message.delete_own"],
    event: (scene) => ["message:delete", { messageId: ownOf(scene)[1] }],
  },
  "delete another's message": {
    needs: ["message.delete_any"],
    event: ({ deleted }) => ["message:delete", { messageId: deleted }],
  },
  "read the edits of another's message": {
    needs: ["message.delete_any"],
    request: ({ kept }) => ["GET", `/messages/${kept}/edits`],
  },
  "pin": { needs: ["message.pin"], event: ({ kept }) => ["message:pin", { messageId: kept }] },
  "unpin": { needs: ["message.pin"], event: ({ kept }) => ["message:unpin", { messageId: kept }] },
  "invite": { needs: ["member.invite"], request: () => ["POST", "/invitations", { maxUses: 1 }] },
  "list invitations": { needs: ["member.invite"], request: () => ["GET", "/invitations"] },
  "revoke an invitation": {
    needs: ["member.invite"],
    request: () => ["DELETE", "/invitations/nothing"],
  },
  "add a member": {
    needs: ["member.add"],
    request: ({ ids }) => ["PUT", `/members/${ids.added}`, {}],
  },
  "remove a member": {
    needs: ["member.remove"],
    request: ({ ids }) => ["DELETE", `/members/${ids.removed}`],
  },
  "give a role": {
    needs: ["member.role"],
    request: ({ ids }) => ["PUT", `/members/${ids.author}`, { role: "member" }],
  },
  "ban": {
    needs: ["member.ban"],
    request: ({ ids }) => ["PUT", `/bans/${ids.restricted}`, {}],
  },
  "lift a ban": {
    needs: ["member.ban"],
    request: ({ ids }) => ["DELETE", `/bans/${ids.restricted}`],
  },
  "list bans": { needs: ["member.ban"], request: () => ["GET", "/bans"] },
  "mute": {
    needs: ["member.mute"],
    request: ({ ids }) => ["PUT", `/mutes/${ids.restricted}`, {}],
  },
  "lift a mute": {
    needs: ["member.mute"],
    request: ({ ids }) => ["DELETE", `/mutes/${ids.restricted}`],
  },
  "list mutes": { needs: ["member.ban"], request: () => ["GET", "/mutes"] },
  "set slow mode": {
    needs: ["room.slow_mode"],
    request: () => ["PATCH", "", { slowModeSeconds: 0 }],
  },
  "describe the room": {
    needs: ["room.update"],
    request: () => ["PATCH", "", { description: "A room" }],
  },
  "rename the room": { needs: ["room.update"], request: () => ["PATCH", "", { name: "Room" }] },
  "say who may send": {
    needs: ["room.update"],
    request: ({ rules: { postPolicy } }) => ["PATCH", "", { postPolicy }],
  },
  "set the app's metadata": {
    needs: ["room.update"],
    request: () => ["PATCH", "", { metadata: { color: "red" } }],
  },
  "archive the room, or keep it open": {
    needs: ["room.archive"],
    request: ({ rules }) => ["PATCH", "", { archived: rules.archivedAt !== null }],
  },
  "read reports": {
    needs: ["report.read"],
    list: (roomId) => `/reports?roomId=${roomId}`,
  },
  "read the audit log": {
    needs: ["audit.read"],
    list: (roomId) => `/audit?roomId=${roomId}`,
  },
  "delete the room": { needs: ["room.delete"], isLast: true, request: () => ["DELETE", ""] },
};

interface Case {
  action: string;
  transport: Transport;
  actor: ActorName;
  kind: Kind;
  /** The code of the refusal; undefined if it is allowed. */
  code: string | undefined;
}

/**
 * What the contract says of an action: why somebody may not do it, by the table of capabilities.
 * @returns the code of the refusal; undefined if they may
 */
function refusalOf({ needs, isNobodys }: Action, kind: Kind, actor: ActorName) {
  const may = (changes?: Changes) => {
    const set = expected(kind, actor, changes);
    return (each: Capability) => set.has(each);
  };
  if (!may()("room.read")) {
    return kind.rules.type === "public" ? "forbidden" : "room_not_found";
  }
  const [unmuted, open] = [{ mute: null }, { archivedAt: null }];
  if (isNobodys || !needs.every(may({ rules: open, standing: unmuted }))) return "forbidden";
  if (!needs.every(may({ standing: unmuted }))) return "room_archived";
  return needs.every(may()) ? undefined : "muted";
}

interface Changes {
  rules?: Partial<RoomRules>;
  standing?: Partial<Standing>;
}

/** What the table says, if the room or the place in it had been changed like this. */
function expected(kind: Kind, actor: ActorName, { rules, standing }: Changes = {}) {
  return capabilitiesOf(
    { isAdmin: actor === "admin" },
    { ...kind.rules, ...rules },
    { ...standingOf(kind, actor), ...standing },
    new Date(),
  );
}

function standingOf({ rules, isBlocked }: Kind, actor: ActorName): Standing {
  if (rules.type !== "direct") return STANDINGS[actor];
  return actor === "member" ? { ...STANDINGS.member, ...isBlocked && { isBlocked } } : STRANGER;
}

/** Every action by everybody in rooms of every kind. */
function allCases(): Case[] {
  return KINDS.flatMap((kind) =>
    ACTORS.flatMap((actor) =>
      Object.entries(ACTIONS).flatMap(([name, action]) => {
        const code = refusalOf(action, kind, actor);
        return transportsOf(action).map((transport) => {
          return { action: name, transport, actor, kind, code };
        });
      })
    )
  );
}

function transportsOf({ event, needs }: Action): Transport[] {
  if (!event) return [REST];
  return needs[0] === "room.read" ? [WEB_SOCKET] : [WEB_SOCKET, REST];
}

/** The people, and a room of each kind with all of them in it. */
class Cast {
  readonly stage: Stage;
  readonly people: Record<Name, Person>;
  readonly ids: Record<Name, string>;
  readonly #places = new Map<string, Promise<Place>>();
  /** By their owners and the rooms that they are for: a file is in one room only. */
  readonly #files = new Map<string, Promise<string>>();

  private constructor(stage: Stage, people: Record<Name, Person>) {
    this.stage = stage;
    this.people = people;
    const ids = Object.entries(people).map(([name, { account }]) => [name, account.id]);
    this.ids = Object.fromEntries(ids);
  }

  static async meet(stage: Stage): Promise<Cast> {
    // Whoever registers first is an admin of the server.
    const [admin] = await stage.people("admin");
    const names = [...ACTORS, ...OTHERS].filter((name) => name !== "admin");
    const accounts = [admin!, ...await stage.people(...names)];
    const people = await Promise.all(accounts.map(async (account, i) => {
      const name = ["admin", ...names][i]!;
      return [name, { account, socket: await stage.connect(account) }];
    }));
    return new Cast(stage, Object.fromEntries(people));
  }

  /** What somebody's action comes to. */
  async try({ action: name, transport, actor, kind, code }: Case): Promise<Outcome> {
    const action = ACTIONS[name]!;
    const place =
      await (action.isLast && code === undefined ? this.#open(kind) : this.#place(kind));
    const file = action.hasFile ? await this.#fileOf(actor, place) : "";
    const scene = { ...place, ids: this.ids, actor, file };
    return await this.#do(action, scene, transport);
  }

  async #do(
    { event, request, list }: Action,
    scene: Scene,
    transport: Transport,
  ): Promise<Outcome> {
    const { roomId } = scene;
    const person = this.people[scene.actor];
    if (event) {
      const [name, data] = event(scene);
      const outcome = await transport.call(person, name, { roomId, ...data });
      // Whoever sends to a public room is a member.
      if (name === "message:send") await this.#leaveAgain(scene);
      return outcome;
    }
    const [method, path, body] = request?.(scene) ?? ["GET", ""];
    const whole = list ? list(roomId) : `/rooms/${roomId}${path}`;
    const answer = await person.account.request(method, whole, body);
    return answer.status < 400 ? { data: answer.body } : { code: answer.body.code };
  }

  async #leaveAgain({ roomId, rules, actor }: Pick<Scene, "roomId" | "rules" | "actor">) {
    if (rules.type !== "public" || STANDINGS[actor].role !== null || actor === "banned") return;
    await this.#done(actor, "DELETE", `/rooms/${roomId}/members/me`);
  }

  #fileOf(actor: ActorName, { roomId }: Place): Promise<string> {
    return this.#files.getOrInsertComputed(`${actor} ${roomId}`, async () => {
      return (await upload(this.people[actor].account)).id;
    });
  }

  #place(kind: Kind): Promise<Place> {
    return this.#places.getOrInsertComputed(kind.name, () => this.#open(kind));
  }

  #open(kind: Kind): Promise<Place> {
    return kind.rules.type === "direct" ? this.#openDirect(kind) : this.#openRoom(kind);
  }

  async #openRoom(kind: Kind): Promise<Place> {
    const { type, postPolicy, archivedAt } = kind.rules;
    const members = ["member", "muted", "banned", "moderator", "author"] as const;
    const body = { name: "Room", type, members: members.map((name) => this.ids[name]) };
    const { room: { id: roomId } } = await this.#done("owner", "POST", "/rooms", body);
    const path = `/rooms/${roomId}`;
    const role = { role: "moderator" };
    await this.#done("owner", "PUT", `${path}/members/${this.ids.moderator}`, role);
    const place = await this.#withMessages(kind, roomId, "author", [
      "owner",
      "moderator",
      "member",
      "muted",
      "banned",
      ...type === "public" ? ["stranger", "admin"] as const : [],
    ]);
    await this.#done("owner", "PUT", `${path}/mutes/${this.ids.muted}`, {});
    await this.#done("owner", "PUT", `${path}/bans/${this.ids.banned}`, {});
    await this.#done("owner", "PATCH", path, { postPolicy, archived: archivedAt !== null });
    return place;
  }

  /** The member's with somebody else. */
  async #openDirect(kind: Kind): Promise<Place> {
    const other = kind.isBlocked ? "removed" : "author";
    const { room } = await this.#done("member", "POST", "/directs", { userId: this.ids[other] });
    const place = await this.#withMessages(kind, room.id, other, ["member"]);
    if (kind.isBlocked) await this.#done(other, "PUT", `/users/${this.ids.member}/block`);
    return place;
  }

  async #withMessages(
    kind: Kind,
    roomId: string,
    author: Name,
    speakers: ActorName[],
  ): Promise<Place> {
    const [kept, deleted] = await this.#sendTwo(author, roomId);
    const own: Place["own"] = new Map();
    for (const actor of speakers) {
      own.set(actor, await this.#sendTwo(actor, roomId));
      await this.#leaveAgain({ ...kind, roomId, actor });
    }
    return { ...kind, roomId, kept, deleted, own };
  }

  async #sendTwo(name: Name, roomId: string): Promise<[string, string]> {
    const send = () => this.#done(name, "POST", `/rooms/${roomId}/messages`, { text: "Hello" });
    return [(await send()).message.id, (await send()).message.id];
  }

  async #done(name: Name, method: string, path: string, body?: Data): Promise<Data> {
    const { account } = this.people[name];
    const answer = await account.request(method, path, body);
    assert.ok(answer.status < 300, `${name}: ${method} ${path} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}

/** The actor's own messages; where they have none, somebody else's, which they may not read either. */
function ownOf({ own, actor, kept, deleted }: Scene): [string, string] {
  return own.get(actor) ?? [kept, deleted];
}

/** What the actor is told that they may do; that they may read goes without saying. */
function shown({ kind, actor }: Case): string {
  return [...expected(kind, actor)].filter((each) => each !== "room.read").join(" ");
}

function describe({ action, transport, actor, kind, code }: Case): string {
  return `${actor}: ${action} in ${kind.name}, over ${transport.name}: ${code ?? "allowed"}`;
}

export function testPermissions(store: StoreSetting): void {
  const cases = allCases();

  Deno.test(`${store.name}: every capability is needed by an action`, () => {
    const needed = new Set(Object.values(ACTIONS).flatMap(({ needs }) => needs));
    assert.deepEqual(CAPABILITIES.filter((each) => !needed.has(each)), []);
    for (const [name, action] of Object.entries(ACTIONS)) {
      const codes = new Set(cases.filter((each) => each.action === name).map(({ code }) => code));
      assert.ok(action.isNobodys || codes.has(undefined), `${name} is allowed to somebody`);
      assert.ok(codes.has("forbidden") || codes.has("room_not_found"), `${name} is refused`);
    }
  });

  Deno.test(`${store.name}: everybody may do in every room what the table of capabilities says`, async () => {
    await withStage(await startServer(await store.fresh()), async (stage) => {
      const cast = await Cast.meet(stage);
      const wrong: string[] = [];
      const check = async (each: Case) => {
        const { code, data } = await cast.try(each);
        if (code !== each.code) wrong.push(`${describe(each)}, was ${code ?? "allowed"}`);
        const told = data?.capabilities?.join(" ") ?? shown(each);
        if (told !== shown(each)) wrong.push(`${describe(each)}, and may ${told}`);
      };
      const byRoom = Object.values(Object.groupBy(cases, ({ kind }) => kind.name));
      await Promise.all(byRoom.map(async (same) => {
        for (const each of same!) await check(each);
      }));
      assert.deepEqual(wrong, []);
    });
  });
}
