/** What goes with a room's entries in their frames: known to this instance, or read. */
import type { Entry } from "../domain/entry.ts";
import type { Message } from "../domain/message.ts";
import type { PublicUser } from "../domain/user.ts";
import { isPlain, namedUserIds, referencedIds, type RelatedSources } from "../services/related.ts";
import { render, type RenderedRelated } from "./rendered_message.ts";
import type { Window } from "./window.ts";

/** What was read to go with entries, by id. */
export interface ReadRelated {
  referenced: ReadonlyMap<string, Message>;
  users: ReadonlyMap<string, PublicUser>;
}

const NOTHING: RenderedRelated = { referenced: [], users: [] };

export class EntryRelations {
  readonly #roomId: string;
  readonly #window: Window;
  readonly #sources: RelatedSources;

  constructor(roomId: string, window: Window, sources: RelatedSources) {
    this.#roomId = roomId;
    this.#window = window;
    this.#sources = sources;
  }

  /**
   * What goes with an entry; null if some of it has to be read first.
   * @param read what was read for it: what is not there either is left out
   */
  of(entry: Entry, read?: ReadRelated): RenderedRelated | null {
    const message = this.#newest(entry.message);
    if (isPlain(message)) return NOTHING;
    const { publicUsers } = this.#sources;
    if (entry.kind === "reacted") {
      for (const { user } of entry.added) publicUsers.learn(user);
    }
    const answered = referencedIds([message]).map((id) => {
      const stored = read?.referenced.get(id);
      return stored ? this.#window.newest(stored) ?? render(stored) : this.#window.find(id);
    });
    const known = answered.filter((each) => each !== undefined);
    const ids = namedUserIds([message, ...known.map((each) => each.message)]);
    const users = ids
      .map((id) => publicUsers.known(id) ?? read?.users.get(id))
      .filter((user) => user !== undefined);
    const isComplete = known.length === answered.length && users.length === ids.length;
    return isComplete || read ? { referenced: known, users } : null;
  }

  /**
   * Reads what goes with entries.
   * @throws ChatError `unavailable`
   */
  async read(entries: readonly Entry[]): Promise<ReadRelated> {
    const { store, publicUsers } = this.#sources;
    const messages = entries
      .map(({ message }) => this.#newest(message))
      .filter((each) => !isPlain(each));
    const ids = messages.flatMap(({ replyTo }) => replyTo ?? []);
    const referenced = ids.length > 0 ? await store.messages.find(this.#roomId, ids) : [];
    const named = namedUserIds([...messages, ...referenced.map((each) => this.#newest(each))]);
    const users = named.length > 0 ? await publicUsers.find(named) : [];
    return { referenced: byId(referenced), users: byId(users) };
  }

  /** A message as the window shows it, if that is not older. */
  #newest(message: Message): Message {
    return this.#window.newest(message)?.message ?? message;
  }
}

function byId<T extends { id: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}
