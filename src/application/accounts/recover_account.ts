/** Finds what has changed of the account of the user who asks. */
import type { Actor } from "../../domain/actor.ts";
import type { Subscriber } from "../../rooms/subscriber.ts";
import type { AccountChanges } from "../../services/account_log.ts";
import type { Dependencies } from "../dependencies.ts";

export interface AccountCursor {
  /** The number of the last item seen; 0 before the first. */
  after: number;
  /** How many numbers are looked at. */
  limit: number;
}

/**
 * Finds what has changed after a cursor, and lets a socket get further changes when there is no more.
 * @param answer called in the turn in which changes begin to arrive unless there is more; not called
 *   if the socket has closed meanwhile
 * @throws ChatError `unavailable`
 */
export async function recoverAccount(
  { userId }: Actor,
  { accounts }: Pick<Dependencies, "accounts">,
  subscriber: Subscriber,
  cursor: AccountCursor,
  answer: (changes: AccountChanges) => void,
): Promise<void> {
  await accounts.recover(userId, subscriber, cursor, answer);
}

/**
 * The same without a socket.
 * @throws ChatError `unavailable`
 */
export function readAccountChanges(
  { userId }: Actor,
  { accountLog }: Pick<Dependencies, "accountLog">,
  { after, limit }: AccountCursor,
): Promise<AccountChanges> {
  return accountLog.changesSince(userId, after, limit);
}
