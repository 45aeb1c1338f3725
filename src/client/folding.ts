/** Folds a new command into those that wait before it, so that nothing is sent only to be undone. */
import { type Change, isChange, type Unsent, type UnsentMessage } from "./commands.ts";

/** A command that waits, or is on its way. */
interface Waiting {
  message: Unsent;
  /** Whether an answer is outstanding. */
  isUnderWay: boolean;
}

/** What becomes of the commands before a new one. */
export interface Folding<Item> {
  /** Are not sent: the new command undoes them, or what they change. */
  superseded: Item[];
  /** An unsent message that takes the new command in, which then is not sent itself. */
  into?: Item | undefined;
}

/**
 * Folds a command into those before it. A message that the server may have is left alone: its
 * `clientMessageId` must not be used with another text. Reactions and pins are sets: the last one of a
 * kind decides.
 */
export function fold<Item extends Waiting>(items: readonly Item[], command: Unsent): Folding<Item> {
  if (!isChange(command)) return { superseded: [] };
  const { change, sendId } = command;
  const waiting = items.filter(({ isUnderWay }) => !isUnderWay);
  const into = waiting.find(({ message }) =>
    !isChange(message) && !message.attempted && message.clientMessageId === sendId
  );
  if (change.event === "message:edit") return { superseded: [], into };
  const superseded = waiting.filter(({ message }) =>
    isChange(message) && message.sendId === sendId &&
    message.change.messageId === change.messageId && isUndoneBy(message.change, change)
  );
  return change.event === "message:delete" ? { superseded, into } : { superseded };
}

/** The unsent message as an edit leaves it. */
export function edited(message: UnsentMessage, { change }: Unsent): Unsent {
  const { text, mentions, metadata, before } = message;
  const edit = change as Extract<Change, { event: "message:edit" }>;
  const next = { text: edit.text, mentions: edit.mentions, metadata: edit.metadata };
  // What is undefined stays as it is.
  const given = JSON.parse(JSON.stringify(next));
  return { ...message, before: { text, mentions, metadata, before }, ...given };
}

function isUndoneBy(earlier: Change, later: Change): boolean {
  if (later.event === "message:delete") return true;
  const isOfKind = kindOf(earlier) === kindOf(later);
  return isOfKind && (earlier as { emoji?: string }).emoji === (later as { emoji?: string }).emoji;
}

/** The same for an event and for the one that undoes it. */
function kindOf({ event }: Change): string {
  return event.replace(/(add|remove|unpin|pin)$/, "");
}
