/** Users, rooms and messages for the suites of the stores, and short ways to make them. */
import assert from "node:assert/strict";
import type { CreatedDraft, Entry, EntryDraft } from "../../../src/domain/entry.ts";
import type { Attachment } from "../../../src/domain/file.ts";
import {
  type Message,
  type MessageDraft,
  PLAIN,
  type SystemData,
  type SystemType,
} from "../../../src/domain/message.ts";
import type { Report } from "../../../src/domain/report.ts";
import { type NewRoom, OPEN_SETTINGS } from "../../../src/domain/room.ts";
import { publicUser, type User } from "../../../src/domain/user.ts";
import type { Store } from "../../../src/ports/store/store.ts";

/** A database for tests, initially empty. */
export interface TestDatabase {
  /** Opens a store on the database, as one more instance (or the same after a restart) would. */
  connect(): Promise<Store>;
  /** Removes the database; every store on it has been closed. */
  drop(): Promise<void>;
}

type Connect = () => Promise<Store>;
/** Registers a test that gets one store, and the means to get another one on the same database. */
export type Register = (
  sentence: string,
  run: (store: Store, connect: Connect) => Promise<void>,
) => void;

export const UNKNOWN_IDS = ["", "unknown", "$ne", "a'b", "0".repeat(24)];
/** An hour ago: long enough to be repaired by readers, and not so long that it has expired. */
export const CREATED = new Date(Date.now() - 60 * 60_000);

export function newId(): string {
  return crypto.randomUUID();
}

export function newUser(fields: Partial<User> = {}): User {
  return {
    id: newId(),
    email: `${newId()}@example.org`,
    passwordHash: "$2b$04$abcdefghijklmnopqrstuu",
    displayName: "Ada",
    avatarUrl: null,
    onboardingCompleted: false,
    role: "member",
    ban: null,
    createdAt: CREATED,
    updatedAt: CREATED,
    ...fields,
  };
}

export async function createUser(store: Store, fields: Partial<User> = {}): Promise<User> {
  const user = newUser(fields);
  await store.users.create(user);
  return user;
}

/** Gives the user another name and avatar; returns what others now see of them. */
export async function rename(store: Store, { id }: User) {
  const changes = { displayName: "Countess", avatarUrl: "https://example.org/countess.png" };
  const renamed = await store.users.update(id, changes, new Date());
  assert.ok(renamed);
  return publicUser(renamed.user);
}

export function newRoom(creator: User, fields: Partial<NewRoom> = {}): NewRoom {
  const id = fields.id ?? newId();
  return {
    ...OPEN_SETTINGS,
    id,
    name: "Engines",
    slug: `room-${id}`,
    description: null,
    createdBy: publicUser(creator),
    memberCount: 1,
    createdAt: CREATED,
    updatedAt: CREATED,
    ...fields,
  };
}

/** The direct room of two. */
export function newDirect(creator: User, other: User): NewRoom {
  const members = [creator, other].map(publicUser).toSorted((a, b) => a.id < b.id ? -1 : 1);
  return newRoom(creator, { type: "direct", name: "", memberCount: 2, members });
}

export async function createRoom(
  store: Store,
  creator: User,
  fields: Partial<NewRoom> = {},
): Promise<NewRoom> {
  const room = newRoom(creator, fields);
  assert.equal(await store.rooms.create(room, [creation(draft(creator))]), true);
  return room;
}

export async function createRoomWithAda(store: Store): Promise<{ room: NewRoom; ada: User }> {
  const ada = await createUser(store);
  return { room: await createRoom(store, ada), ada };
}

/** What a message shows of a file. */
export function newAttachment(): Attachment {
  return {
    id: newId(),
    name: "engine.png",
    type: "image/png",
    size: 40,
    width: 3,
    height: 2,
    hasThumbnail: true,
    createdAt: CREATED,
  };
}

/** A user's open report of a message. */
export function newReport(message: Message, fields: Partial<Report> = {}): Report {
  return {
    id: newId(),
    roomId: message.roomId,
    reporterId: newId(),
    message,
    reason: "Insult",
    comment: null,
    state: "open",
    note: null,
    closedById: null,
    closedAt: null,
    createdAt: CREATED,
    ...fields,
  };
}

export function draft(sender: User, fields: Partial<MessageDraft> = {}): MessageDraft {
  return {
    ...PLAIN,
    id: newId(),
    sender: publicUser(sender),
    text: "Hello",
    system: false,
    clientMessageId: newId(),
    createdAt: CREATED,
    ...fields,
  };
}

/** The draft of an entry that changes its room. */
export function notice(
  by: User,
  systemType: SystemType,
  users: readonly User[],
  data: Partial<SystemData> = {},
  fields: Partial<MessageDraft> = {},
): CreatedDraft {
  const systemData = { users: users.map(({ id }) => id), ...data };
  return creation(draft(by, { text: systemType, system: true, systemType, systemData, ...fields }));
}

/** What the server writes about a user who creates a room. */
export function opening(creator: User): MessageDraft {
  return draft(creator, {
    text: `${creator.displayName} created the room`,
    system: true,
    systemType: "room_created",
    systemData: { users: [creator.id] },
  });
}

export function drafts(sender: User, count: number): MessageDraft[] {
  return range(1, count).map((i) => draft(sender, { text: `Message ${i}` }));
}

/** The message that a draft becomes as entry `seq` of the room's log. */
export function stored(roomId: string, seq: number, sent: MessageDraft): Message {
  return { ...sent, roomId, seq, changedSeq: seq, textSeq: seq, updatedAt: sent.createdAt };
}

export function seqs(messages: Message[]): number[] {
  return messages.map((message) => message.seq);
}

/** The integers from `first` to `last`, both included. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

/** The item at `index`, which wraps around. */
export function pick<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  assert.ok(item !== undefined);
  return item;
}
export function bySeq(a: Message, b: Message): number {
  return a.seq - b.seq;
}

export function sendKey(
  { sender, clientMessageId }: Pick<Message, "sender" | "clientMessageId">,
): string {
  return `${sender.id} ${clientMessageId}`;
}

/** The draft of the entry that a message makes. */
export function creation(message: MessageDraft, fields: Partial<CreatedDraft> = {}): CreatedDraft {
  return { kind: "created", message, request: null, answered: null, ...fields };
}

/**
 * Appends messages after whatever other instances append, each unless it was sent before; returns
 * them as they are stored.
 */
export async function append(
  store: Store,
  roomId: string,
  messages: MessageDraft[],
): Promise<Message[]> {
  const found = new Map<string, Message>();
  for (;;) {
    const end = await store.log.end(roomId);
    const sent = await store.log.findSent(roomId, messages.map(sentKey));
    for (const { message } of sent) found.set(sendKey(message), message);
    const fresh = messages.filter((each) => !found.has(sendKey(each)));
    if (fresh.length === 0) return messages.map((each) => found.get(sendKey(each))!);
    const entries = await store.log.append(roomId, end, fresh.map((each) => creation(each)));
    for (const { message } of entries) found.set(sendKey(message), message);
  }
}

function sentKey({ sender, clientMessageId }: MessageDraft) {
  return { senderId: sender.id, clientMessageId };
}

/** Appends drafts at the end of a log that nobody else writes to. */
export async function write(
  store: Store,
  roomId: string,
  ...drafts: EntryDraft[]
): Promise<Entry[]> {
  const entries = await store.log.append(roomId, await store.log.end(roomId), drafts);
  assert.equal(entries.length, drafts.length);
  return entries;
}

/** The messages of the entries after `seq`. */
export async function readAfter(
  store: Store,
  roomId: string,
  seq: number,
  limit: number,
): Promise<Message[]> {
  const entries = await store.log.entriesAfter(roomId, seq, limit);
  return entries.map(({ message }) => message);
}

export async function headOf(store: Store, roomId: string): Promise<number> {
  return (await store.log.end(roomId)).seq;
}
