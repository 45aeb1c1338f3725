/** The user's own changes of messages, shown before the server's log has them. */
import type { ChatMessage } from "./chat_message.ts";
import type { UnsentChange } from "./commands.ts";
import type { Progress } from "./outbox.ts";
import { withReaction } from "./reactions.ts";

interface Pending {
  unsent: UnsentChange;
  /** The entry that made it; null until it is acked. */
  ackedSeq: number | null;
}

/** What a deleted message still has not. */
const DELETED = {
  text: "",
  mentions: [],
  mentionsRoom: false,
  reactions: [],
  ownReactions: [],
  pinned: false,
  attachments: [],
  metadata: null,
} satisfies Partial<ChatMessage>;

/**
 * What is shown is computed from what the log has made of a message, and from the changes that it does
 * not have yet. So a change that is refused leaves nothing behind, and one that is acked stays until
 * its entry is here.
 */
export class OptimisticChanges {
  /** By their `clientMessageId`, in the order in which they were made. */
  readonly #pending = new Map<string, Pending>();
  /** So that what does not change stays the same object. */
  #shown = new WeakMap<ChatMessage, ChatMessage>();

  /** Takes a change and what has become of it. */
  update(unsent: UnsentChange, progress: Progress): void {
    const ackedSeq = progress.state === "sent" ? progress.ack.seq : null;
    const isOver = progress.state === "failed" || progress.state === "discarded";
    if (isOver) this.#pending.delete(unsent.clientMessageId);
    else this.#pending.set(unsent.clientMessageId, { unsent, ackedSeq });
    this.#shown = new WeakMap();
  }

  /**
   * Forgets the acked changes that are shown as the log has them.
   * @param upTo the `seq` up to which the log is in a message with this id, wherever it is shown
   */
  confirm(upTo: (id: string) => number): void {
    for (const [key, { unsent: { change }, ackedSeq }] of this.#pending) {
      if (ackedSeq === null || ackedSeq > upTo(change.messageId!)) continue;
      this.#pending.delete(key);
      this.#shown = new WeakMap();
    }
  }

  clear(): void {
    this.#pending.clear();
  }

  /** Applies the changes to messages, as they are shown to the user with this id. */
  apply(messages: ChatMessage[], self: string | undefined): ChatMessage[] {
    if (this.#pending.size === 0 || self === undefined) return messages;
    return messages.map((message) => {
      const shown = this.#shown.get(message) ?? this.#changed(message, self);
      this.#shown.set(message, shown);
      return shown;
    });
  }

  #changed(message: ChatMessage, self: string): ChatMessage {
    return [...this.#pending.values()]
      .filter((pending) => isMissing(pending, message, self))
      .reduce<ChatMessage>((before, { unsent }) => changed(before, unsent, self), message);
  }
}

/** Whether it changes this message, in a way that the log does not show yet. */
function isMissing(
  { unsent: { change, sendId }, ackedSeq }: Pending,
  { id, changedSeq, clientMessageId, sender }: ChatMessage,
  self: string,
): boolean {
  if (ackedSeq !== null && (changedSeq ?? 0) >= ackedSeq) return false;
  return sendId === undefined
    ? change.messageId === id
    : sendId === clientMessageId && sender.id === self;
}

function changed(
  message: ChatMessage,
  { change, createdAt }: UnsentChange,
  self: string,
): ChatMessage {
  // Whoever has deleted it meanwhile, that stands.
  if (message.deletedAt !== null) return message;
  switch (change.event) {
    case "message:edit": {
      const { text = message.text, metadata = message.metadata } = change;
      const mentions = [...change.mentions ?? message.mentions];
      const editedAt = text === message.text ? message.editedAt : createdAt;
      return { ...message, text, mentions, metadata, editedAt, isChanging: true };
    }
    case "message:delete":
      return { ...message, ...DELETED, deletedAt: createdAt, isChanging: true };
    case "message:pin":
    case "message:unpin":
      return { ...message, pinned: change.event === "message:pin", isChanging: true };
    default: {
      const isOn = change.event === "reaction:add";
      return { ...message, ...withReaction(message, self, change.emoji, isOn), isChanging: true };
    }
  }
}
