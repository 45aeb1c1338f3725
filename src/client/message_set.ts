/** Messages in the newest states that have come of each. */
import type { Message } from "../protocol/wire/messages.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import { type ChatMessage, keyOf, UNCHANGED } from "./chat_message.ts";
import type { CameWith } from "./log_entry.ts";
import { afterChange, ownReactions } from "./reactions.ts";

/** By their keys. */
export class MessageSet extends Map<string, ChatMessage> {
  /** The user; null before it is known. */
  readonly #self: () => PublicUser | null;
  /** The keys of those that the server has, by their ids. */
  readonly #keys = new Map<string, string>();

  constructor(self: () => PublicUser | null) {
    super();
    this.#self = self;
  }

  /**
   * Adds a message, or replaces an older state of it.
   * @param related what came with it
   * @returns the state that was there before
   */
  put(message: Message, { mine, change }: CameWith = {}): ChatMessage | undefined {
    const key = keyOf(message.sender, message.clientMessageId);
    const known = this.get(key);
    // A live entry may show a message in a later state than a page that was read before it.
    const isOlder = (known?.changedSeq ?? 0) > message.changedSeq;
    if (isOlder && !change) return known;
    const self = this.#self()?.id;
    const others = mine
      ? mine[message.id] ?? []
      : afterChange(known?.ownReactions ?? [], change, self);
    const state = isOlder ? known! : { ...message, key, state: "sent" as const };
    const own = ownReactions(state, self, others);
    this.set(key, { ...state, ...UNCHANGED, ownReactions: own });
    return known;
  }

  /** The message with this `id` or `key`. */
  find(ref: string): ChatMessage | undefined {
    return this.get(ref) ?? this.get(this.#keys.get(ref)!);
  }

  override set(key: string, message: ChatMessage): this {
    if (message.id) this.#keys.set(message.id, key);
    return super.set(key, message);
  }

  override delete(key: string): boolean {
    this.#keys.delete(this.get(key)?.id!);
    return super.delete(key);
  }

  override clear(): void {
    this.#keys.clear();
    super.clear();
  }
}
