/** The cost of changes as they are made: edits beside sends, and many users who react to one message. */
import { InProcessBus } from "../../src/adapters/bus/in_process.ts";
import { newId } from "../../src/domain/id.ts";
import { edit } from "../../src/domain/message_changes.ts";
import type { PublicUser, User } from "../../src/domain/user.ts";
import type { Store } from "../../src/ports/store/store.ts";
import type { Command } from "../../src/services/decision.ts";
import { Metrics } from "../../src/services/metrics.ts";
import { RoomLog } from "../../src/services/room_log.ts";
import { median } from "../statistics.ts";
import { draft, type Point } from "./log_length.ts";
import { sendCommand } from "./rooms.ts";

const MESSAGES = 500;
const ROUNDS = 3;
const SECONDS = 3;
const EMOJI = "👍";

/** A room, and who sends to it. */
interface Place {
  id: string;
  creator: PublicUser;
}

interface Rate {
  perSecond: number;
  /** The median, in milliseconds. */
  delay: number;
}

/**
 * Edits of a room's messages beside sends to it, by how many are under way at once. They take turns,
 * so that disturbances of the machine affect both; the figures are medians of the rounds.
 */
export function measureEdits(store: Store, room: Place, counts: number[]): Promise<Point[]> {
  return withLog(store, (log) => editRates(log, room, counts));
}

/** Users who all react to one message at once, by how many they are. */
export function measureReactions(store: Store, room: Place, counts: number[]): Promise<Point[]> {
  return withLog(store, (log) => reactionRates(log, store, room, counts));
}

async function withLog(store: Store, work: (log: RoomLog) => Promise<Point[]>): Promise<Point[]> {
  const metrics = new Metrics();
  const log = new RoomLog(store, new InProcessBus(), metrics);
  try {
    const points = await work(log);
    await log.drain();
    return points;
  } finally {
    metrics.close();
  }
}

async function editRates(log: RoomLog, room: Place, counts: number[]): Promise<Point[]> {
  const sent = Array.from({ length: MESSAGES }, () => draft(room.creator));
  await Promise.all(sent.map((each) => log.append(room.id, sendCommand(each))));
  let edited = 0;
  const nextEdit = () => editCommand(sent[edited++ % MESSAGES]!.message.id, room.creator);
  const points: Point[] = [];
  for (const size of counts) {
    const rounds: { send: Rate; edit: Rate }[] = [];
    while (rounds.length < ROUNDS) {
      const send = await rate(size, () => {
        return log.append(room.id, sendCommand(draft(room.creator)));
      });
      rounds.push({ send, edit: await rate(size, () => log.append(room.id, nextEdit())) });
    }
    const figure = (pick: (round: { send: Rate; edit: Rate }) => number) => {
      return median(rounds.map(pick))!;
    };
    points.push({
      size,
      figures: {
        "sends a second": figure(({ send }) => send.perSecond),
        "edits a second": figure(({ edit }) => edit.perSecond),
        "sends in the time of an edit": figure(({ send, edit }) => {
          return send.perSecond / edit.perSecond;
        }),
        "a send, ms": figure(({ send }) => send.delay),
        "an edit, ms": figure(({ edit }) => edit.delay),
        "an edit's delay in those of a send": figure(({ send, edit }) => edit.delay / send.delay),
      },
    });
  }
  return points;
}

async function reactionRates(
  log: RoomLog,
  store: Store,
  room: Place,
  counts: number[],
): Promise<Point[]> {
  const users: PublicUser[] = [];
  const points: Point[] = [];
  for (const size of counts) {
    while (users.length < size) users.push(await createUser(store));
    const { entry: { message, seq } } = await sendOne(log, room);
    const start = performance.now();
    const delays = await Promise.all(
      users.slice(0, size).map(async (user) => {
        await log.append(room.id, reactionCommand(message.id, user));
        return performance.now() - start;
      }),
    );
    const seconds = (performance.now() - start) / 1_000;
    const [found] = await store.messages.find(room.id, [message.id]);
    if (found?.reactions[0]?.count !== size) throw new Error("a reaction was lost");
    points.push({
      size,
      figures: {
        "reactions a second": size / seconds,
        "entries they became": (await store.log.end(room.id)).seq - seq,
        "median delay, ms": median(delays)!,
        "longest delay, ms": Math.max(...delays),
      },
    });
  }
  return points;
}

/** So many calls under way, each followed by the next. */
async function rate(atOnce: number, call: () => Promise<unknown>): Promise<Rate> {
  const delays: number[] = [];
  const start = performance.now();
  const end = start + SECONDS * 1_000;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (performance.now() < end) {
      const from = performance.now();
      await call();
      delays.push(performance.now() - from);
    }
  }));
  const seconds = (performance.now() - start) / 1_000;
  return { perSecond: delays.length / seconds, delay: median(delays)! };
}

async function sendOne(log: RoomLog, room: Place) {
  const result = await log.append(room.id, sendCommand(draft(room.creator)));
  if (!("entry" in result)) throw new Error("a send changes something");
  return result;
}

function editCommand(messageId: string, by: PublicUser): Command {
  const common = { id: newId(), by, clientMessageId: newId(), request: null };
  const text = `Edited: ${common.id}`;
  const createdAt = new Date();
  return {
    ...common,
    text,
    needs: { messageIds: [messageId] },
    decide(state) {
      const before = state.message(messageId);
      const message = edit(before, { text }, createdAt);
      return { draft: { kind: "edited", ...common, createdAt, before, message } };
    },
  };
}

function reactionCommand(messageId: string, by: PublicUser): Command {
  const id = newId();
  const common = { id, by, clientMessageId: id, request: null };
  const use = { emoji: EMOJI, user: by };
  return {
    ...common,
    text: "",
    needs: {
      messageIds: [messageId],
      reaction: { messageId, emoji: EMOJI, userId: by.id, isOn: true },
    },
    decide(state) {
      const before = state.message(messageId);
      const message = state.react(messageId, use, true);
      if (!message) return { unchanged: before };
      const uses = { added: [use], removed: [] };
      const createdAt = new Date();
      return { draft: { kind: "reacted", ...common, createdAt, before, message, ...uses } };
    },
  };
}

async function createUser(store: Store): Promise<PublicUser> {
  const [id, now] = [newId(), new Date()];
  const user: User = {
    id,
    email: `${id}@example.com`,
    passwordHash: "none",
    displayName: "Growth",
    avatarUrl: null,
    onboardingCompleted: true,
    role: "member",
    ban: null,
    createdAt: now,
    updatedAt: now,
  };
  await store.users.create(user);
  return { id, displayName: user.displayName, avatarUrl: null };
}
