/** Private, direct and deleted rooms do not exist for others: in every route, event and list. */
// @slow: every route and event, asked by everybody who may not know of a room
import assert from "node:assert/strict";
import { newId } from "../src/domain/id.ts";
import { type Account, type Answer, request } from "./harness/account.ts";
import {
  type ClientEvent,
  fill,
  fillEvent,
  type Input,
  type Operation,
  readClientEvents,
  readOperations,
  type Sent,
} from "./harness/documented.ts";
import { upload } from "./harness/files.ts";
import type { TestSocket } from "./harness/socket.ts";
import { onStage, type Stage, stageStore } from "./harness/stage.ts";
import { SQLITE } from "./harness/stores.ts";

/** Stands in all that is said in the rooms which others may not know of. */
const WORD = "Ultramarine";

/** What the API's ids name. */
type Subject = "room" | "message" | "report" | "invitation" | "code" | "file";

/** What these parameters and fields name, in whatever route or event. */
const SUBJECTS: Record<string, Subject> = {
  idOrSlug: "room",
  roomId: "room",
  "rooms[].roomId": "room",
  messageId: "message",
  replyTo: "message",
  threadId: "message",
  around: "message",
  before: "message",
  reportId: "report",
  invitationId: "invitation",
  code: "code",
  id: "file",
  // Of an entry, which is a message's where it created one.
  entryId: "message",
  lastSeenEntryId: "message",
  "rooms[].lastSeenEntryId": "message",
};

/** Valid values of all others; undefined where one is left out, because it narrows nothing. */
const VALUES: Record<string, unknown> = {
  action: undefined,
  archived: true,
  attachments: [],
  avatarId: "0".repeat(32),
  avatarUrl: null,
  clientMessageId: "sweep",
  comment: "Please look.",
  cursor: undefined,
  deleteSeconds: 60,
  description: "Whatever",
  displayName: "Somebody",
  email: "somebody@example.com",
  emoji: "tada",
  expiresIn: 60,
  has: undefined,
  hidden: false,
  ifChangedSeq: 1,
  ignore: undefined,
  lastSeenSeq: 1,
  limit: 10,
  maxUses: 1,
  mentions: [],
  mentionsRoom: false,
  metadata: null,
  mine: true,
  name: "Whatever",
  note: "Done",
  notifications: "all",
  onboardingCompleted: true,
  password: "correct horse",
  postPolicy: "members",
  present: true,
  q: "a",
  reason: "spam",
  role: "member",
  "rooms[].lastSeenSeq": 1,
  seq: 1,
  size: undefined,
  slowModeSeconds: 10,
  sort: "activity",
  state: "open",
  text: "Hello",
  token: "a token",
  type: "public",
  until: "2100-01-01T00:00:00.000Z",
};

/** Where one operation means something else by a name. */
const EXCEPTIONS: Record<string, { subject: Subject } | { value: unknown }> = {
  "GET /rooms/{idOrSlug}/messages after": { subject: "message" },
  "GET /rooms/{idOrSlug}/changes after": { value: 1 },
  "GET /auth/me/changes after": { value: 1 },
  // Else the answer would be about that.
  "GET /files/{id}/{name} token": { value: undefined },
  "GET /search q": { value: WORD },
  "GET /search before": { value: "2100-01-01T00:00:00.000Z" },
  "GET /search after": { value: undefined },
  "PATCH /reports/{reportId} state": { value: "resolved" },
  "POST /rooms members": { value: [] },
};

/** Names of users are all filled in with one who is asked about anyway. */
const USERS = ["userId", "actorId", "from"];

/** Operations that answer who asks for what does not exist as if it did. */
const IDEMPOTENT = ["DELETE /rooms/{idOrSlug}/invitations/{invitationId}"];

/** The codes that tell of nothing. */
const NOT_FOUND: Record<Subject, string[]> = {
  room: ["room_not_found"],
  // The second: a page of history that begins at a message of elsewhere.
  message: ["message_not_found", "validation_failed"],
  report: ["not_found"],
  invitation: [],
  code: ["invitation_not_found"],
  file: ["file_not_found"],
};

/** What may be asked about: ids that exist, or none that do. */
interface Target extends Record<Exclude<Subject, "room">, string> {
  name: string;
  /** The id and the slug. */
  rooms: [id: string, slug: string];
}

interface Asker {
  name: string;
  account: Account;
  socket: TestSocket;
  /** A public room of theirs, where they may do everything; one for each target, for its limits. */
  own: Map<Target, string>;
}

function subjectOf(of: string, name: string): Subject | undefined {
  const exception = EXCEPTIONS[`${of} ${name}`];
  if (exception) return "subject" in exception ? exception.subject : undefined;
  return SUBJECTS[name];
}

function valueOf(of: string, name: string, userId: string): unknown {
  if (USERS.includes(name)) return userId;
  const exception = EXCEPTIONS[`${of} ${name}`];
  return exception && "value" in exception ? exception.value : VALUES[name];
}

function isKnown(of: string, name: string): boolean {
  return USERS.includes(name) || `${of} ${name}` in EXCEPTIONS || name in SUBJECTS ||
    name in VALUES;
}

/** Private rooms with all that has an id in them, and ids of nothing. */
class World {
  readonly stage: Stage;
  readonly url: string;
  readonly operations: Operation[];
  readonly events: ClientEvent[];
  readonly unknown: Target = absent("an unknown room");
  readonly secret: Target[] = [];
  readonly askers: Asker[] = [];
  owner!: Account;
  member!: Account;
  #addresses = 0;
  #turn = 0;

  private constructor(stage: Stage, operations: Operation[], events: ClientEvent[]) {
    this.stage = stage;
    this.url = stage.server.url;
    this.operations = operations;
    this.events = events;
  }

  static async open(stage: Stage): Promise<World> {
    const { url } = stage.server;
    const world = new World(stage, await readOperations(url), await readClientEvents(url));
    // Whoever registers first is an admin of the server.
    const [admin] = await stage.people("Admin");
    const [owner, member, stranger, removed, banned] = await stage.people(
      "Owner",
      "Member",
      "Stranger",
      "Removed",
      "Banned",
    );
    Object.assign(world, { owner, member });
    const once = [removed!, banned!];
    const hidden = await world.#privateRoom("a private room", [member!, ...once]);
    const direct = await world.#directRoom(member!);
    const deleted = await world.#privateRoom("a deleted room", once);
    world.secret.push(hidden, direct, deleted);
    const people = { stranger: stranger!, removed: removed!, banned: banned!, admin: admin! };
    for (const [name, account] of Object.entries(people)) await world.#addAsker(name, account);
    // From here on nobody of them may know of the rooms; their sockets were in them.
    await world.done(owner!, "DELETE", `/rooms/${hidden.rooms[0]}/members/${removed!.id}`);
    await world.done(owner!, "PUT", `/rooms/${hidden.rooms[0]}/bans/${banned!.id}`, {});
    await world.done(owner!, "DELETE", `/rooms/${deleted.rooms[0]}`);
    for (const { name, socket } of world.askers.slice(1, 3)) {
      for (const { rooms: [roomId] } of [hidden, deleted]) {
        await socket.event("room:removed", (data) => data.roomId === roomId).catch((cause) => {
          throw new Error(`${name} was not taken out of ${roomId}`, { cause });
        });
      }
    }
    return world;
  }

  /** Who asks next: everybody; on another store, which decides little of this, they take turns. */
  nextAskers(): Asker[] {
    if (stageStore() === SQLITE) return this.askers;
    return [this.askers[this.#turn++ % this.askers.length]!];
  }

  /** Sends a request from an address of its own, so that quotas compare. */
  send({ token }: Account, { method, path, body }: Sent): Promise<Answer> {
    const [high, low] = [this.#addresses >> 8, this.#addresses++ & 255];
    const headers = { "x-forwarded-for": `10.0.${high}.${low}` };
    return request(this.url, method, path, { token, body, headers });
  }

  // deno-lint-ignore no-explicit-any -- an answer
  async done(account: Account, method: string, path: string, body?: unknown): Promise<any> {
    const answer = await this.send(account, { method, path, body });
    assert.ok(answer.status < 300, `${method} ${path} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async #privateRoom(name: string, members: Account[]): Promise<Target> {
    const { room } = await this.done(this.owner, "POST", "/rooms", {
      name: `${WORD}: ${name}`,
      type: "private",
      members: members.map(({ id }) => id),
    });
    const file = await upload(this.owner);
    // Not of the reported message: admins read the files of that.
    await this.#message(room.id, [], [file.id]);
    const message = await this.#message(room.id, members);
    const reported = `/rooms/${room.id}/messages/${message}/report`;
    const { report } = await this.done(members[0]!, "POST", reported, { reason: "spam" });
    const invitations = `/rooms/${room.id}/invitations`;
    const live = await this.done(this.owner, "POST", invitations);
    const revoked = await this.done(this.owner, "POST", invitations);
    await this.done(this.owner, "DELETE", `${invitations}/${revoked.invitation.id}`);
    return {
      name,
      rooms: [room.id, room.slug],
      message,
      report: report.id,
      invitation: live.invitation.id,
      code: revoked.invitation.code,
      file: file.id,
    };
  }

  async #directRoom({ id: userId }: Account): Promise<Target> {
    const { room } = await this.done(this.owner, "POST", "/directs", { userId });
    const message = await this.#message(room.id, []);
    return { ...absent("a direct room"), rooms: [room.id, room.slug], message };
  }

  async #message(
    roomId: string,
    mentioned: Account[],
    attachments: string[] = [],
  ): Promise<string> {
    const message = { text: WORD, mentions: mentioned.map(({ id }) => id), attachments };
    return (await this.done(this.owner, "POST", `/rooms/${roomId}/messages`, message)).message.id;
  }

  /** Asserts that nothing has been done to the rooms since they were made. */
  async isUntouched(): Promise<void> {
    const [hidden, direct] = this.secret as [Target, Target];
    const ends = [];
    for (const { rooms: [roomId], message } of [hidden, direct]) {
      ends.push((await this.done(this.owner, "GET", `/rooms/${roomId}`)).room.lastSeq);
      const path = `/rooms/${roomId}/messages/${message}`;
      const { text, changedSeq, seq } = (await this.done(this.owner, "GET", path)).message;
      assert.deepEqual([text, changedSeq], [WORD, seq]);
    }
    // Created, members added, two messages, one removed, one banned; created, the message.
    assert.deepEqual(ends, [6, 2]);
    const [roomId] = hidden.rooms;
    const { invitations } = await this.done(this.owner, "GET", `/rooms/${roomId}/invitations`);
    assert.deepEqual(invitations.map(({ id }: { id: string }) => id), [hidden.invitation]);
    const { reports } = await this.done(this.owner, "GET", `/reports?roomId=${roomId}`);
    assert.deepEqual(reports.map(({ state }: { state: string }) => state), ["open"]);
  }

  async #addAsker(name: string, account: Account): Promise<void> {
    const own = new Map<Target, string>();
    for (const target of [this.unknown, ...this.secret]) {
      own.set(target, (await account.createRoom(`${name}'s own`)).id);
    }
    const socket = await this.stage.connect(account);
    for (const { rooms: [roomId] } of this.secret) await socket.call("room:join", { roomId });
    this.askers.push({ name, account, socket, own });
  }
}

function absent(name: string): Target {
  const id = newId();
  const code = "A".repeat(32);
  const [message, report, invitation, file] = [newId(), newId(), newId(), newId()];
  return { name, rooms: [id, id.toLowerCase()], message, report, invitation, code, file };
}

function onWorld(act: (world: World) => Promise<void>): Promise<void> {
  // With limits, so that what they count is compared as well.
  const settings = { RATE_LIMIT: "on", TRUST_PROXY: "1" };
  return onStage(async (stage) => await act(await World.open(stage)), settings);
}

/** Everything that a client is told, with what it had asked about named alike. */
function comparable(told: unknown, asker: Asker, target: Target): string {
  const { name: _, rooms: [id, slug], ...ids } = target;
  const names = { id, slug, own: asker.own.get(target)!, ...ids };
  let text = JSON.stringify(told);
  for (const [name, value] of Object.entries(names)) text = text.replaceAll(value, `(${name})`);
  return text;
}

function shown({ status, headers, body }: Answer) {
  const { requestId: _, ...problem } = body;
  const kept = [...headers].filter(([name]) => !["date", "x-request-id"].includes(name));
  // The time of a window; and what is left, of codes, which are counted per user, and of messages, whose
  // windows of 10 s end between two targets: that a request was counted shows all the same.
  const quota = (value: string) =>
    value.replace(/;t=\d+/, "").replace(/("invitation"|"message");r=\d+/, "$1");
  return { status, headers: kept.map(([name, value]) => [name, quota(value)]), body: problem };
}

Deno.test("the sweep knows of every parameter and field of the API what it names", () =>
  onStage(async ({ server: { url } }) => {
    const forgotten = [
      ...(await readOperations(url)).flatMap(({ name, inputs }) => {
        return inputs.filter((input) => !isKnown(name, input.name)).map((input) => {
          return `${name}: ${input.name}`;
        });
      }),
      ...(await readClientEvents(url)).flatMap(({ name, fields }) => {
        return fields.filter((field) => !isKnown(name, field)).map((field) => `${name}: ${field}`);
      }),
    ];
    assert.deepEqual(forgotten, [], "say above what it names, or give it a valid value");
  }));

Deno.test("every route answers of a room that one may not know of as of none", () =>
  onWorld(async (world) => {
    const asked = new Set<string>();
    for (const operation of world.operations) {
      for (const input of operation.inputs) {
        const subject = subjectOf(operation.name, input.name);
        if (!subject || isEntry(input.name)) continue;
        for (const asker of world.nextAskers()) {
          // Admins see private rooms by their reports alone.
          if (asker.name === "admin" && operation.path.startsWith("/reports")) continue;
          asked.add(operation.name);
          await compareAnswers(world, asker, { operation, input, subject });
        }
      }
    }
    await world.isUntouched();
    const named = world.operations.filter(({ path }) => path.includes("{idOrSlug}"));
    assert.deepEqual(named.filter(({ name }) => !asked.has(name)), []);
    assert.ok(asked.size > 35, String(asked.size));
  }));

interface Question {
  operation: Operation;
  input: Input;
  subject: Subject;
}

/** The id of an entry is compared with one of the room beside it, and with nothing else. */
function isEntry(name: string): boolean {
  return /entryId$/i.test(name);
}

async function compareAnswers(world: World, asker: Asker, question: Question): Promise<void> {
  const { operation: { name }, input, subject } = question;
  const variants = subject === "room" ? [0, 1] : [0];
  for (const variant of variants) {
    const answers = [];
    for (const target of [world.unknown, ...world.secret]) {
      const sent = requestFor(world, asker, target, question, variant);
      const answer = await world.send(asker.account, sent);
      answers.push({ target, answer });
      if (target !== world.unknown) continue;
      const what = `${asker.name}: ${name} ${input.name} ${JSON.stringify(answer.body)}`;
      if (IDEMPOTENT.includes(name) && subject === "invitation") assert.equal(answer.status, 204);
      else assert.ok(NOT_FOUND[subject].includes(answer.body.code), what);
    }
    const [expected, ...others] = answers.map(({ target, answer }) => {
      return { target, text: comparable(shown(answer), asker, target) };
    });
    for (const { target, text } of others) {
      assert.equal(text, expected!.text, `${asker.name}: ${name} of ${target.name}`);
    }
  }
}

/** A valid request for a target; what is asked for in a room is asked for in one's own. */
function requestFor(
  { owner }: World,
  asker: Asker,
  target: Target,
  { operation, input, subject }: Question,
  variant: number,
): Sent {
  return fill(operation, (each) => {
    const named = subjectOf(operation.name, each.name);
    if (named === "room" && each.name !== input.name) return asker.own.get(target);
    if (named === "room") return target.rooms[variant];
    if (named && (each === input || each.in === "path")) return target[named];
    if (named) return undefined;
    // More of the query would only narrow it.
    if (each.in === "query" && !each.required) return undefined;
    return valueOf(operation.name, each.name, subject === "room" ? owner.id : asker.account.id);
  });
}

Deno.test("every event answers of a room that one may not know of as of none", () =>
  onWorld(async (world) => {
    const asked = new Set<string>();
    for (const event of world.events) {
      for (const field of event.fields) {
        const subject = subjectOf(event.name, field);
        if (!subject || isEntry(field)) continue;
        asked.add(event.name);
        for (const asker of world.nextAskers()) {
          await compareFrames(world, asker, event, field, subject);
        }
      }
    }
    await world.isUntouched();
    const roomless = world.events.map(({ name }) => name).filter((name) => !asked.has(name));
    assert.deepEqual(roomless, ["auth:identify", "account:recover"]);
  }));

async function compareFrames(
  world: World,
  asker: Asker,
  event: ClientEvent,
  field: string,
  subject: Subject,
): Promise<void> {
  const variants = subject === "room" ? [0, 1] : [0];
  for (const variant of variants) {
    for (const isValid of [true, false]) {
      const frames = [];
      for (const target of [world.unknown, ...world.secret]) {
        const id = subject === "room" ? target.rooms[variant]! : target[subject];
        const data = dataFor(asker, target, { event, field, id, isValid });
        const { event: answer, data: told } = await asker.socket.call(event.name, data);
        const isTold = !isValid || NOT_FOUND[subject].includes(told.code);
        assert.ok(isTold, `${asker.name}: ${event.name} ${JSON.stringify(told)}`);
        frames.push({ target, text: comparable({ answer, told }, asker, target) });
      }
      for (const { target, text } of frames) {
        const what = `${asker.name}: ${event.name} ${field} of ${target.name}`;
        assert.equal(text, frames[0]!.text, what);
      }
    }
  }
}

/** Data that asks for an id in one field; the others are valid, or not. */
function dataFor(
  asker: Asker,
  target: Target,
  { event, field, id, isValid }: {
    event: ClientEvent;
    field: string;
    id: string;
    isValid: boolean;
  },
) {
  return fillEvent(event, (each) => {
    if (each === field) return id;
    // A list stands for the field of one room.
    if (field.includes("[]") !== each.includes("[]") || isEntry(each)) return undefined;
    if (!isValid) return { invalid: true };
    const named = subjectOf(event.name, each);
    if (named === "room") return asker.own.get(target);
    return named ? target[named] : valueOf(event.name, each, asker.account.id);
  });
}

Deno.test("an invitation does not exist for who is banned from its room", () =>
  onWorld(async (world) => {
    const [hidden] = world.secret;
    const path = `/rooms/${hidden!.rooms[0]}/invitations`;
    const { invitation: { code } } = await world.done(world.owner, "POST", path);
    const [stranger, _, banned] = world.askers;
    for (const method of ["GET", "POST"]) {
      const answers = [];
      for (const path of [`/invitations/${code}`, `/invitations/${world.unknown.code}`]) {
        answers.push(shown(await world.send(banned!.account, { method, path })));
      }
      assert.equal(answers[0]!.status, 404);
      assert.deepEqual(answers[0], answers[1]);
    }
    // It was not the code.
    await world.done(stranger!.account, "POST", `/invitations/${code}`);
  }));

Deno.test("no list, search, metric or frame of others holds anything of a private room", () =>
  onWorld(async (world) => {
    const { owner, member, stage } = world;
    const [hidden, direct] = world.secret as [Target, Target];
    const heard = world.askers.map(({ socket }) => socket.received.length);
    const everybody = [owner, member, ...world.askers.map(({ account }) => account)];
    const mentions = everybody.map(({ id }) => id);
    const sockets = [];
    for (const { rooms: [roomId], message: messageId } of [hidden, direct]) {
      const socket = await stage.join(owner, roomId);
      sockets.push(socket, await stage.join(member, roomId));
      await socket.call("message:pin", { roomId, messageId });
      await socket.call("reaction:add", { roomId, messageId, emoji: "tada" });
      socket.send("typing:start", { roomId });
      const content = { text: WORD, mentions, replyTo: messageId };
      const { event } = await socket.call("message:send", { roomId, ...content });
      assert.equal(event, "message:ack");
    }
    const change = { name: `Later ${WORD}`, description: WORD, metadata: { word: WORD } };
    await world.done(owner, "PATCH", `/rooms/${hidden.rooms[0]}`, change);
    await Promise.all(world.askers.map((asker, i) => hearsNothing(world, asker, heard[i]!)));
    for (const asker of world.askers) await readsNothing(world, asker);
  }));

/** What a room has that is its own. */
function secretsOf({ rooms, message }: Target): string[] {
  return [...rooms, message];
}

/** Asserts that no frame of a socket tells of what happened since it had received `from` of them. */
async function hearsNothing(world: World, { name, account, socket, own }: Asker, from: number) {
  // What concerns the asker arrives after what does not.
  const roomId = own.get(world.unknown)!;
  const message = { text: "Hello", mentions: [account.id] };
  await world.done(world.owner, "POST", `/rooms/${roomId}/messages`, message);
  await socket.event("mention:new", (data) => data.roomId === roomId);
  const text = JSON.stringify(socket.received.slice(from));
  const secrets = world.secret.flatMap(secretsOf);
  for (const secret of [WORD, ...secrets]) assert.ok(!text.includes(secret), `${name}: ${text}`);
}

/** Asserts that no list that the API has holds anything of the secret rooms. */
async function readsNothing(world: World, { name, account }: Asker) {
  const wasMember = name === "removed" || name === "banned";
  // That one is not in a room any more is told by its id.
  const secrets = world.secret.flatMap(wasMember ? ({ message }) => message : secretsOf);
  const lists = world.operations.filter(({ method, path }) => {
    return method === "GET" && !path.includes("{") && !(name === "admin" && path === "/reports");
  });
  for (const operation of lists) {
    for (const isFull of [false, true]) {
      const { path } = fill(operation, ({ name: input, required }) => {
        if (subjectOf(operation.name, input)) return undefined;
        return isFull || required ? valueOf(operation.name, input, world.owner.id) : undefined;
      });
      await readsNothingAt(path);
    }
  }
  for (const q of [WORD, "a"]) await readsNothingAt(`/users?q=${q}`);

  async function readsNothingAt(path: string) {
    const { status, body } = await world.send(account, { method: "GET", path });
    const text = JSON.stringify(body);
    assert.ok([200, 403].includes(status), `${path} ${text}`);
    for (const secret of [WORD, ...secrets]) {
      assert.ok(!text.includes(secret), `${name}: ${path} ${secret} ${text}`);
    }
  }
}
