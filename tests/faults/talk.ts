/** What a user of a fault test does: mostly sends, and changes of what was said lately. */
import { sleep } from "../harness/stage.ts";
import type { ChatClient } from "./client.ts";
import type { Random } from "./random.ts";
import type { Action, State } from "./record.ts";

/** Shares of what is done, the rest is sends. */
const SHARES: [does: Does, share: number][] = [
  ["edit", 0.1],
  ["delete", 0.04],
  ["react", 0.13],
  ["moderate", 0.03],
];
/** Owners of a room moderate it more often. */
const OWNER_SHARE = 0.25;
const REPLIES = 0.1;
const GLANCES = 0.03;
const CONDITIONS = 0.3;
/** Changes are of so many of the last messages. */
const RECENT = 8;
const EMOJI = ["👍", "🎉", "❤", "rocket"];
/** A client with so many commands unanswered waits before it does more. */
const MAX_UNACKED = 20;

type Does = "edit" | "delete" | "react" | "moderate";

export interface TalkOptions {
  /** Milliseconds from one command to the next, on average. */
  interval: number;
  /** The rooms that the user owns. */
  owned: ReadonlySet<string>;
  random: Random;
}

/** Lets a user do something now and then until the end. */
export async function talk(
  client: ChatClient,
  { interval, owned, random }: TalkOptions,
  end: AbortSignal,
): Promise<void> {
  let glance: Promise<void> = Promise.resolve();
  while (true) {
    await sleep(interval * random.between(0.5, 1.5));
    if (end.aborted) return await glance;
    const { roomId } = random.pick(client.views);
    if (random.next() < GLANCES) glance = glance.then(() => client.glance(roomId));
    if (client.unacked.length >= MAX_UNACKED) continue;
    client.do(roomId, choose(client, roomId, owned.has(roomId), random));
  }
}

function choose(client: ChatClient, roomId: string, owns: boolean, random: Random): Action {
  const messages = client.messages(roomId);
  const recent = messages.slice(-RECENT);
  const own = messages.filter(({ clientMessageId }) =>
    clientMessageId.startsWith(`${client.name}-`)
  )
    .slice(-RECENT);
  const text = `${client.name} says “${random.next()}”`;
  const replyTo = random.next() < REPLIES && recent.length > 0 ? random.pick(recent).id : null;
  return change(client, { recent, own }, owns, random) ?? { type: "send", text, replyTo };
}

/** A change of a recent message; null if it is to be a send, or there is nothing to change. */
function change(
  client: ChatClient,
  { recent, own }: { recent: readonly State[]; own: readonly State[] },
  owns: boolean,
  random: Random,
): Action | null {
  switch (pickDoes(owns, random)) {
    case "edit": {
      if (own.length === 0) return null;
      const { id: messageId, changedSeq } = random.pick(own);
      const text = `${client.name} says rather “${random.next()}”`;
      const ifChangedSeq = random.next() < CONDITIONS ? changedSeq : null;
      return { type: "edit", messageId, text, ifChangedSeq };
    }
    case "delete":
      return own.length === 0 ? null : { type: "delete", messageId: random.pick(own).id };
    case "react":
      return recent.length === 0 ? null : react(client, random.pick(recent).id, random);
    case "moderate":
      return owns ? moderate(client, recent, random) : null;
    default:
      return null;
  }
}

function pickDoes(owns: boolean, random: Random): Does | null {
  if (owns && random.next() < OWNER_SHARE) return "moderate";
  let rest = random.next();
  for (const [does, share] of SHARES) {
    rest -= share;
    if (rest < 0) return does;
  }
  return null;
}

/** Sets a reaction to the opposite of what the user has set last, unless that is under way. */
function react(client: ChatClient, messageId: string, random: Random): Action | null {
  const emoji = random.pick(EMOJI);
  const last = client.commands.findLast(({ action }) => {
    return action.type === "react" && action.messageId === messageId && action.emoji === emoji;
  });
  if (last && client.unacked.includes(last)) return null;
  const isOn = !(last?.action.type === "react" && last.action.isOn);
  return { type: "react", messageId, emoji, isOn };
}

/** Deletes anybody's message, or pins or unpins it; not the server's own. */
function moderate(
  client: ChatClient,
  recent: readonly State[],
  random: Random,
): Action | null {
  const messages = recent.filter(({ seq }) => seq > 1);
  if (messages.length === 0) return null;
  const { id: messageId, pinned } = random.pick(messages);
  if (random.next() < 0.4) return { type: "delete", messageId };
  const isPending = client.unacked.some(({ action }) => {
    return action.type === "pin" && action.messageId === messageId;
  });
  return isPending ? null : { type: "pin", messageId, isOn: !pinned };
}
