/** Users, rooms and messages for the suites of the stores, and short ways to make them. */
import assert from "node:assert/strict";
import { InProcessBus } from "../../../src/adapters/bus/in_process.ts";
import { Metrics } from "../../../src/services/metrics.ts";
import { RoomLog } from "../../../src/services/room_log.ts";
import type { EntryDraft } from "../../../src/domain/entry.ts";
import type { Message, MessageDraft } from "../../../src/domain/message.ts";
import type { NewRoom } from "../../../src/domain/room.ts";
import { publicUser, type User } from "../../../src/domain/user.ts";
import type { Store } from "../../../src/ports/store/store.ts";

/** One test's database, initially empty. */
export interface TestDatabase {
  /** Opens a store on the database, as one more instance (or the same after a restart) would. */
  connect(): Promise<Store>;
  /** Removes the database; every store on it has been closed. */
  drop(): Promise<void>;
}

type Connect = () => Promise<Store>;
/** Registers a test that gets one store, and the means to open more on the same database. */
export type Register = (
  sentence: string,
  run: (store: Store, connect: Connect) => Promise<void>,
) => void;

export const UNKNOWN_IDS = ["", "unknown", "$ne", "a'b", "0".repeat(24)];
export const CREATED = new Date("2026-01-01T12:34:56.789Z");

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
  return publicUser(renamed);
}

export function newRoom(creator: User, fields: Partial<NewRoom> = {}): NewRoom {
  const id = fields.id ?? newId();
  return {
    id,
    name: "Engines",
    slug: `room-${id}`,
    description: null,
    createdBy: publicUser(creator),
    createdAt: CREATED,
    updatedAt: CREATED,
    ...fields,
  };
}

export async function createRoom(
  store: Store,
  creator: User,
  fields: Partial<NewRoom> = {},
): Promise<NewRoom> {
  const room = newRoom(creator, fields);
  assert.equal(await store.rooms.create(room, creation(draft(creator))), true);
  return room;
}

export async function createRoomWithAda(store: Store): Promise<{ room: NewRoom; ada: User }> {
  const ada = await createUser(store);
  return { room: await createRoom(store, ada), ada };
}

export function draft(sender: User, fields: Partial<MessageDraft> = {}): MessageDraft {
  return {
    id: newId(),
    sender: publicUser(sender),
    text: "Hello",
    system: false,
    clientMessageId: newId(),
    createdAt: CREATED,
    ...fields,
  };
}

export function drafts(sender: User, count: number): MessageDraft[] {
  return range(1, count).map((i) => draft(sender, { text: `Message ${i}` }));
}

/** The message that a draft becomes as entry `seq` of the room's log. */
export function stored(roomId: string, seq: number, sent: MessageDraft): Message {
  return { ...sent, roomId, seq, updatedAt: sent.createdAt };
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

/** The entry that a message makes. */
export function creation(message: MessageDraft): EntryDraft {
  return { kind: "created", message };
}

const logs = new WeakMap<Store, RoomLog>();

/** Appends messages through the room log, as the server does; returns them as stored. */
export async function append(
  store: Store,
  roomId: string,
  messages: MessageDraft[],
): Promise<Message[]> {
  const log = logs.get(store) ?? new RoomLog(store, new InProcessBus(), new Metrics());
  logs.set(store, log);
  const entries = await Promise.all(messages.map((each) => log.append(roomId, creation(each))));
  return entries.map(({ message }) => message);
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
