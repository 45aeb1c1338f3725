/** All sockets of this instance: their number, their deadlines, and closing them by session. */
import { MAX_SOCKETS } from "../application/rate_limits.ts";
import type { PublicUser } from "../domain/user.ts";
import { CLOSE_CODES, type CloseCode } from "../protocol/close_codes.ts";
import type { Connection } from "./connection.ts";

const IDENTIFY_MS = 10_000;
/** How long a socket whose token has expired may stay to show a new one. */
const GRACE_MS = 30_000;
const SWEEP_MS = 500;
/** How long the end waits for peers to answer that they are closed. */
const CLOSE_ALL_MS = 1_000;
const CLOSE_ALL_POLL_MS = 10;

export class Connections {
  readonly #all = new Set<Connection>();
  readonly #byAddress = new Map<string, number>();
  readonly #byUser = new Map<string, Set<Connection>>();
  readonly #limited: boolean;
  // One timer for all deadlines: ten thousand sockets would else mean ten thousand timers.
  readonly #sweep = setInterval(() => this.#checkDeadlines(Date.now()), SWEEP_MS);

  /** @param limited whether the number of sockets per user and address is limited */
  constructor(limited: boolean) {
    this.#limited = limited;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Whether one more socket may be opened from this address. */
  admits(address: string): boolean {
    return !this.#limited || (this.#byAddress.get(address) ?? 0) < MAX_SOCKETS.address;
  }

  add(connection: Connection): void {
    this.#all.add(connection);
    const { address } = connection;
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
  }

  /** Counts a socket as its user's. Returns false, and does not, if the user holds too many. */
  claim(connection: Connection, userId: string): boolean {
    const sockets = this.#byUser.get(userId) ?? new Set();
    if (this.#limited && !sockets.has(connection) && sockets.size >= MAX_SOCKETS.user) return false;
    this.#byUser.set(userId, sockets.add(connection));
    return true;
  }

  /**
   * Forgets a socket that closes. Its address keeps the place until `release`: what a peer that
   * does not read has not been sent yet stays in memory.
   * @returns false if it was forgotten before
   */
  remove(connection: Connection): boolean {
    if (!this.#all.delete(connection)) return false;
    const userId = connection.identity?.user.id;
    if (userId === undefined) return true;
    const sockets = this.#byUser.get(userId);
    sockets?.delete(connection);
    if (sockets?.size === 0) this.#byUser.delete(userId);
    return true;
  }

  /** Gives the place of a socket that has closed back to its address. */
  release({ address }: Connection): void {
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }

  /** Closes the sockets of a session that was revoked. */
  closeSession(sessionId: string): void {
    for (const connection of this.#all) {
      if (connection.sessionId !== sessionId) continue;
      connection.emit("auth:error", { code: "session_revoked", message: "The session was ended." });
      connection.close(CLOSE_CODES.unauthenticated, "session revoked");
    }
  }

  /** Shows a user as they are now in what their sockets will send. */
  showProfile(user: PublicUser): void {
    for (const connection of this.#byUser.get(user.id) ?? []) {
      if (connection.identity) Object.assign(connection.identity.user, user);
    }
  }

  /** Resolves once all sockets have closed, or after a second: some peer may not read. */
  async closeAll(code: CloseCode, reason: string): Promise<void> {
    for (const connection of this.#all) connection.close(code, reason);
    const deadline = Date.now() + CLOSE_ALL_MS;
    while (this.#byAddress.size > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, CLOSE_ALL_POLL_MS));
    }
  }

  close(): void {
    clearInterval(this.#sweep);
  }

  #checkDeadlines(now: number): void {
    for (const connection of this.#all) {
      if (connection.identity) checkExpiry(connection, connection.identity.expiresAt, now);
      else if (now - connection.openedAt > IDENTIFY_MS) {
        connection.close(CLOSE_CODES.notIdentified, "not identified in time");
      }
    }
  }
}

function checkExpiry(connection: Connection, expiresAt: Date, now: number): void {
  const overdue = now - expiresAt.getTime();
  if (overdue < 0) return;
  if (overdue > GRACE_MS) return connection.close(CLOSE_CODES.unauthenticated, "token expired");
  if (connection.expiryAnnounced) return;
  connection.expiryAnnounced = true;
  const message = "The token has expired; identify with a new one within 30 s.";
  connection.emit("auth:error", { code: "token_expired", message });
}
