/** The bus port: hints that one instance gives to all, itself included. */
import type { Message } from "../domain/message.ts";
import type { PublicUser } from "../domain/user.ts";

export type BusEvent =
  /** These entries were appended to the room's log, in this order. */
  | { kind: "appended"; roomId: string; messages: Message[] }
  /** An append to the room ended with an unknown outcome: its log may have grown. */
  | { kind: "append_unknown"; roomId: string }
  /** A session was revoked: its sockets are to be closed. */
  | { kind: "session_revoked"; sessionId: string }
  /** A user changed what others see of them. */
  | { kind: "profile_changed"; user: PublicUser };

export type BusListener = (event: BusEvent) => void;

/**
 * Carries hints between instances. It may lose, repeat and reorder what it carries: whoever listens
 * takes an event as news about the store, never as the truth itself.
 */
export interface Bus {
  /** Which bus this is, for the start line. */
  readonly description: string;
  /** Tells every listener of every instance; those of this instance before it returns. */
  publish(event: BusEvent): void;
  subscribe(listener: BusListener): void;
  /** Resolves if the bus can carry events now, else rejects with `unavailable`. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
