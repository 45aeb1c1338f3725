/** What a user does with the messages of a room, and what they are about to do. */
import { signal } from "@preact/signals";
import type { ChatMessage, EchoRoomError, Room } from "../../src/client/mod.ts";
import { addressOf } from "../address.ts";
import type { Notice } from "../notice.ts";
import type { FrequentEmoji } from "../text/frequent_emoji.ts";
import { Deletions } from "./deletions.ts";

/** A message whose text is being edited. */
export interface Editing {
  key: string;
  text: string;
  /** The entry that had changed it last when the edit began. */
  changedSeq: number | null;
}

export class MessageCommands {
  /** The key of the message whose actions are shown. */
  readonly active = signal<string | null>(null);
  /** The key of the message for which an emoji is picked. */
  readonly picking = signal<string | null>(null);
  readonly editing = signal<Editing | null>(null);
  /** The message that the next one answers. */
  readonly answered = signal<ChatMessage | null>(null);
  readonly deletions: Deletions;

  readonly #room: Room;
  readonly #notice: Notice;
  readonly #emoji: FrequentEmoji;

  constructor(room: Room, notice: Notice, emoji: FrequentEmoji) {
    this.#room = room;
    this.#notice = notice;
    this.#emoji = emoji;
    this.deletions = new Deletions(room, notice.sayError);
  }

  /** The emoji that the user uses most. */
  get frequentEmoji(): string[] {
    return this.#emoji.list(8);
  }

  edit({ key, text, changedSeq }: ChatMessage): void {
    this.editing.value = { key, text, changedSeq };
    this.active.value = null;
  }

  /** Edits the last message of the user's own, if there is one. */
  editLast(userId: string | undefined): void {
    const last = this.#room.messages.get().findLast(({ sender, system, deletedAt, state }) => {
      return sender.id === userId && !system && deletedAt === null && state !== "failed";
    });
    if (last) this.edit(last);
  }

  /** @param text an empty one deletes the message */
  async saveEdit(text: string, mentions: string[]): Promise<void> {
    const editing = this.editing.value!;
    const message = this.#room.find(editing.key);
    this.editing.value = null;
    if (!message || text === editing.text) return;
    if (text === "") return this.deletions.add(message);
    const ifChangedSeq = editing.changedSeq ?? undefined;
    try {
      await this.#room.edit(message, text, { mentions, ifChangedSeq });
    } catch (error) {
      const { code } = error as EchoRoomError;
      if (code !== "edit_conflict") return this.#notice.sayError(error as Error);
      this.#notice.say("It was edited elsewhere meanwhile: your text is still here.");
      const { changedSeq } = this.#room.find(editing.key) ?? message;
      this.editing.value ??= { ...editing, text, changedSeq };
    }
  }

  answer(message: ChatMessage): void {
    this.answered.value = message;
    this.active.value = null;
  }

  async toggleReaction(message: ChatMessage, emoji: string): Promise<void> {
    this.picking.value = null;
    const isOwn = message.ownReactions.includes(emoji);
    if (!isOwn) this.#emoji.use(emoji);
    const done = isOwn ? this.#room.unreact(message, emoji) : this.#room.react(message, emoji);
    await done.catch(this.#notice.sayError);
  }

  async togglePin(message: ChatMessage): Promise<void> {
    const done = message.pinned ? this.#room.unpin(message) : this.#room.pin(message);
    await done.catch(this.#notice.sayError);
  }

  /** Copies the address of the room, or of one of its messages. */
  async copyLink(messageId = ""): Promise<void> {
    const { slug } = this.#room.info.get()!;
    const link = new URL(addressOf(slug, messageId), location.href).href;
    if (messageId) return await this.copy(link, "The link to the message");
    await this.copy(link, "The link to this room", ": whoever signs in here may join");
  }

  /**
   * @param what it is, in words
   * @param use what it is good for, in words
   */
  async copy(text: string, what: string, use = ""): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.#notice.say(`${what} is copied${use}.`);
    } catch {
      // Forbidden, as over plain http.
      this.#notice.say(`${what}: ${text}`);
    }
  }
}
