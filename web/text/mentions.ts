/** Whom a message can mention, and whom it does. */
import type { ChatMessage, PublicUser } from "../../src/client/mod.ts";
import { MAX_MENTIONS } from "../../src/protocol/wire/limits.ts";
import { compareMoments } from "../dates.ts";
import { FIT, matcher } from "../matching.ts";
import { type Block, type Inline, parseMarkup } from "./markup.ts";

export interface Person extends PublicUser {
  readonly isOnline: boolean;
  /** When their last message known here was sent; ISO 8601, `""` if there is none. */
  readonly lastSeen: string;
}

/** Those online, those whose messages are there, and members, each once, without oneself. */
export function peopleAround(
  online: readonly PublicUser[],
  messages: readonly Pick<ChatMessage, "sender" | "createdAt" | "system">[],
  ownId: string,
  members: readonly PublicUser[] = [],
): Person[] {
  const people = new Map<string, Person>();
  for (const user of online) people.set(user.id, { ...user, isOnline: true, lastSeen: "" });
  for (const { sender, createdAt, system } of messages) {
    if (system) continue;
    const known = people.get(sender.id) ?? { ...sender, isOnline: false, lastSeen: "" };
    const lastSeen = createdAt > known.lastSeen ? createdAt : known.lastSeen;
    people.set(sender.id, { ...known, lastSeen });
  }
  for (const user of members) {
    if (!people.has(user.id)) people.set(user.id, { ...user, isOnline: false, lastSeen: "" });
  }
  people.delete(ownId);
  return [...people.values()];
}

/**
 * The people that the beginning of their name, or of any word of it, may mean: those online first, then
 * those who wrote last.
 * @param query what follows the `@`; all of them for `""`
 */
export function completeMention(people: readonly Person[], query: string, limit: number): Person[] {
  const match = matcher(query);
  const fitting = people.flatMap((person) => {
    const fit = query.trim() === "" ? FIT.beginning : match(person.displayName);
    return fit !== null && fit <= FIT.words ? [{ person, fit }] : [];
  });
  return fitting.sort((a, b) => {
    return Number(b.person.isOnline) - Number(a.person.isOnline) ||
      compareMoments(b.person.lastSeen, a.person.lastSeen) || a.fit - b.fit ||
      a.person.displayName.localeCompare(b.person.displayName);
  }).slice(0, limit).map(({ person }) => person);
}

/**
 * The ids of those among the people whom a text names after an `@`, outside code.
 * @param people who were chosen while it was written
 */
export function mentionedIds(
  text: string,
  people: readonly Pick<PublicUser, "id" | "displayName">[],
): string[] {
  const names = new Set(people.map(({ displayName }) => displayName));
  const named = new Set(namesIn(parseMarkup(text, [...names])));
  const ids = people.filter(({ displayName }) => named.has(displayName)).map(({ id }) => id);
  return [...new Set(ids)].slice(0, MAX_MENTIONS);
}

function namesIn(nodes: readonly (Block | Inline)[]): string[] {
  return nodes.flatMap((node) => {
    if (node.type === "mention") return [node.name];
    if (node.type === "list") return node.items.flatMap(namesIn);
    return "children" in node ? namesIn(node.children) : [];
  });
}
