/** The display names of those whom messages mention, but who are neither online nor have written here. */
import { signal } from "@preact/signals";
import type { ChatMessage, MessagesPage } from "../../src/client/mod.ts";

/** Reads messages of the room, those before a message or the newest ones. */
export type ReadMessages = (before: string | undefined) => Promise<MessagesPage>;

export class Names {
  readonly #read: ReadMessages;
  readonly #found = signal<ReadonlyMap<string, string>>(new Map());
  /** The messages of which the server has been asked. */
  readonly #asked = new Set<string>();
  #isAsking = false;

  constructor(read: ReadMessages) {
    this.#read = read;
  }

  /** The display name of a user; `""` if it is not found (yet). */
  of(id: string): string {
    return this.#found.value.get(id) ?? "";
  }

  /**
   * Asks the server if one of the messages mentions somebody without a name, for each message once.
   * @param isNamed whether a user's name is known
   */
  async complete(
    messages: readonly Pick<ChatMessage, "id" | "mentions">[],
    isNamed: (userId: string) => boolean,
  ): Promise<void> {
    const index = messages.findLastIndex(({ id, mentions }) => {
      return id !== null && !this.#asked.has(id) && !mentions.every(isNamed);
    });
    if (index < 0 || this.#isAsking) return;
    this.#isAsking = true;
    this.#asked.add(messages[index]!.id!);
    const later = messages.slice(index + 1).find(({ id }) => id !== null);
    const page = await this.#read(later?.id ?? undefined).catch(() => null);
    this.#isAsking = false;
    if (!page) return;
    for (const { id } of page.messages) this.#asked.add(id);
    const users = page.users ?? [];
    const found = users.map(({ id, displayName }): [string, string] => [id, displayName]);
    this.#found.value = new Map([...this.#found.peek(), ...found]);
  }
}
