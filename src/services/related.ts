/** What goes with messages in an answer or a live frame, so that a reader can show them. */
import type { Message } from "../domain/message.ts";
import type { PublicUser } from "../domain/user.ts";
import type { MessageStore, Thread } from "../ports/store/messages.ts";
import type { PublicUsers } from "./public_users.ts";

export interface Related {
  /** The messages that these answer and that are not among them. */
  referenced: Message[];
  /** Of the ids in mentions and reactions. */
  users: PublicUser[];
}

/** What goes with messages in an answer, whoever reads it. */
export interface RelatedInAnswer extends Related {
  /** The answers to the messages, by their ids. */
  threads: Record<string, Thread>;
}

/** What goes with messages in an answer to one reader. */
export interface RelatedToReader extends RelatedInAnswer {
  /** The reader's own reactions, by the ids of the messages. */
  mine: Record<string, string[]>;
}

export interface RelatedSources {
  store: { messages: MessageStore };
  publicUsers: PublicUsers;
}

/** Whether nothing goes with a message but answers to it. */
export function isPlain({ replyTo, mentions, reactions }: Message): boolean {
  return replyTo === null && mentions.length === 0 && reactions.length === 0;
}

/** The ids of the messages that these answer and that are not among them. */
export function referencedIds(messages: readonly Message[]): string[] {
  const among = new Set(messages.map(({ id }) => id));
  const ids = messages.flatMap(({ replyTo }) => replyTo ?? []);
  return [...new Set(ids)].filter((id) => !among.has(id));
}

/** The ids of the users that messages name. */
export function namedUserIds(messages: readonly Message[]): string[] {
  return [
    ...new Set(messages.flatMap(({ mentions, reactions }) => {
      return [...mentions, ...reactions.flatMap(({ users }) => users)];
    })),
  ];
}

/**
 * What goes with messages of a room in an answer, whoever reads it.
 * @param threads the answers to them, where they are known
 * @throws ChatError `unavailable`
 */
export async function relatedInAnswer(
  { store, publicUsers }: RelatedSources,
  roomId: string,
  messages: readonly Message[],
  threads?: ReadonlyMap<string, Thread>,
): Promise<RelatedInAnswer> {
  const ids = referencedIds(messages);
  const [referenced, counted] = await Promise.all([
    ids.length > 0 ? store.messages.find(roomId, ids) : [],
    threads ??
      (messages.length > 0 ? store.messages.threads(roomId, messages.map(({ id }) => id)) : []),
  ]);
  const users = namedUserIds([...messages, ...referenced]);
  return {
    referenced,
    users: users.length > 0 ? await publicUsers.find(users) : [],
    threads: Object.fromEntries(counted),
  };
}

/**
 * A reader's own reactions to messages of a room, by the ids of the messages.
 * @throws ChatError `unavailable`
 */
export async function ownReactions(
  { store }: Pick<RelatedSources, "store">,
  roomId: string,
  userId: string | null,
  messages: readonly Message[],
): Promise<Record<string, string[]>> {
  const ids = messages.filter(({ reactions }) => reactions.length > 0).map(({ id }) => id);
  if (userId === null || ids.length === 0) return {};
  return Object.fromEntries(await store.messages.reactionsBy(roomId, userId, ids));
}

/**
 * What goes with messages of a room in an answer to one reader.
 * @param threads as in `relatedInAnswer`
 * @throws ChatError `unavailable`
 */
export async function relatedTo(
  sources: RelatedSources,
  roomId: string,
  userId: string | null,
  messages: readonly Message[],
  threads?: ReadonlyMap<string, Thread>,
): Promise<RelatedToReader> {
  const [related, mine] = await Promise.all([
    relatedInAnswer(sources, roomId, messages, threads),
    ownReactions(sources, roomId, userId, messages),
  ]);
  return { ...related, mine };
}
