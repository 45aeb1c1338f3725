/** How much all sockets, those of one address and a single one may have waiting to be handled. */
import { ChatError, unavailable } from "../domain/errors.ts";
import type { Connection } from "./connection.ts";

const MIB = 1024 * 1024;
/** Bytes of frames that one socket, all of one address, and all sockets may have waiting. */
const MAX_PENDING = { socket: MIB, address: 8 * MIB, instance: 64 * MIB } as const;
/** The same of one socket where limits are off. */
const MAX_PENDING_UNLIMITED = 4 * MIB;
/** What a frame takes beside its text while it is handled. */
const FRAME_BYTES = 768;

export class InboxBudget {
  readonly #max: { socket: number; address: number };
  readonly #byAddress = new Map<string, number>();
  #total = 0;

  /** @param limited whether limits are on; memory is bounded all the same */
  constructor(limited: boolean) {
    this.#max = limited ? MAX_PENDING : { socket: MAX_PENDING_UNLIMITED, address: Infinity };
  }

  /** Bytes that wait or are being handled. */
  get size(): number {
    return this.#total;
  }

  /**
   * Counts a frame on arrival. Call what it returns once the frame has been handled.
   * @throws ChatError `rate_limited` if the socket or its address has too much waiting already,
   *   `unavailable` if all sockets together have; then it is not counted
   */
  admit(connection: Connection, text: string): () => void {
    const { address, inbox } = connection;
    // At most two bytes a UTF-16 unit.
    const bytes = 2 * text.length + FRAME_BYTES;
    const ofAddress = (this.#byAddress.get(address) ?? 0) + bytes;
    if (inbox.bytes + bytes > this.#max.socket || ofAddress > this.#max.address) {
      throw new ChatError("rate_limited", "Too much waits to be handled; wait for the answers.", {
        retryAfter: 1,
      });
    }
    if (this.#total + bytes > MAX_PENDING.instance) {
      throw unavailable("Too much waits to be handled on this server.");
    }
    this.#count(connection, bytes);
    return () => this.#count(connection, -bytes);
  }

  #count({ address, inbox }: Connection, bytes: number): void {
    inbox.count(bytes);
    this.#total += bytes;
    const left = (this.#byAddress.get(address) ?? 0) + bytes;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}
