/** All sockets of this instance: their number, their deadlines, and closing them by session. */
import { setTimeout as sleep } from "node:timers/promises";
import { MAX_SOCKETS } from "../services/rate_limits.ts";
import type { PublicUser } from "../domain/user.ts";
import type { Store } from "../ports/store/store.ts";
import type { Admins } from "../services/admins.ts";
import { CLOSE_CODES, type CloseCode } from "../protocol/wire/close_codes.ts";
import type { Connection } from "./connection.ts";

const SWEEP_MS = 500;
/** A sweep that is later was held up with all else. */
const LATE_MS = 2 * SWEEP_MS;
/** Over how long `closeAll` is spread: clients reconnect elsewhere at once. */
const CLOSE_ALL_MS = 1_500;
const CLOSE_STEP_MS = 25;
/** How long `closeAll` then waits for the peers' close frames. */
const CLOSED_LIMIT_MS = 1_000;
const CLOSED_POLL_MS = 10;
/** Sessions in one query. */
const SESSIONS_AT_ONCE = 500;

export class Connections {
  readonly #all = new Set<Connection>();
  readonly #byAddress = new Map<string, number>();
  readonly #byUser = new Map<string, Set<Connection>>();
  readonly #limited: boolean;
  readonly #onRoleChange: (userId: string) => void;
  // One timer for all deadlines, instead of ten thousand for ten thousand sockets.
  readonly #sweep = setInterval(() => this.#checkDeadlines(Date.now()), SWEEP_MS);
  #sweptAt = performance.now();

  /**
   * @param limited whether the number of sockets per user and address is limited
   * @param onRoleChange called when a user with sockets has become an admin, or is one no more
   */
  constructor(limited: boolean, onRoleChange: (userId: string) => void) {
    this.#limited = limited;
    this.#onRoleChange = onRoleChange;
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
   * Removes a socket that closes. It counts for its address until `release`: frames that a peer does
   * not read stay in memory.
   * @returns false if it was removed before
   */
  remove(connection: Connection): boolean {
    if (!this.#all.delete(connection)) return false;
    const { userId } = connection;
    if (userId === null) return true;
    const sockets = this.#byUser.get(userId);
    sockets?.delete(connection);
    if (sockets?.size === 0) this.#byUser.delete(userId);
    return true;
  }

  /** A socket that has closed no longer counts for its address. */
  release({ address }: Connection): void {
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }

  /** Closes the sockets of a session that was revoked. */
  closeSession(sessionId: string): void {
    for (const connection of this.#all) {
      if (connection.identity.sessionId !== sessionId) continue;
      connection.emit("auth:error", { code: "session_revoked", message: "The session was ended." });
      connection.close(CLOSE_CODES.unauthenticated, "session revoked");
    }
  }

  /** Applies a changed profile to the user's sockets. */
  showProfile(user: PublicUser): void {
    for (const connection of this.#byUser.get(user.id) ?? []) {
      connection.identity.showProfile(user);
    }
  }

  /** Applies a role on the server to the user's sockets. */
  setAdmin(userId: string, isAdmin: boolean): void {
    let isChanged = false;
    for (const { identity } of this.#byUser.get(userId) ?? []) {
      if (identity.setAdmin(isAdmin)) isChanged = true;
    }
    if (isChanged) this.#onRoleChange(userId);
  }

  /** The ids of the rooms that sockets of a user are in. */
  roomsOf(userId: string): Set<string> {
    return new Set([...this.#byUser.get(userId) ?? []].flatMap(({ rooms }) => [...rooms]));
  }

  /**
   * Applies roles that were changed by an event that did not reach this instance.
   * @throws ChatError `unavailable`
   */
  async checkAdmins(admins: Admins): Promise<void> {
    await admins.refresh();
    for (const userId of this.#byUser.keys()) this.setAdmin(userId, admins.known(userId));
  }

  /**
   * Closes the sockets whose session was revoked by an event that did not reach this instance.
   * @throws ChatError `unavailable`
   */
  async checkSessions(store: Pick<Store, "sessions">): Promise<void> {
    const ids = new Set<string>();
    for (const { identity: { sessionId } } of this.#all) {
      if (sessionId !== null) ids.add(sessionId);
    }
    const all = [...ids];
    for (let i = 0; i < all.length; i += SESSIONS_AT_ONCE) {
      const revoked = await store.sessions.revoked(all.slice(i, i + SESSIONS_AT_ONCE));
      for (const id of revoked) this.closeSession(id);
    }
  }

  /**
   * Closes all sockets, evenly spread over a second and a half. Resolves once they have closed, or a
   * second later, for a peer may not read.
   */
  async closeAll(code: CloseCode, reason: string): Promise<void> {
    const sockets = [...this.#all];
    const step = Math.max(1, Math.ceil(sockets.length * CLOSE_STEP_MS / CLOSE_ALL_MS));
    for (let i = 0; i < sockets.length; i += step) {
      if (i > 0) await sleep(CLOSE_STEP_MS);
      for (const connection of sockets.slice(i, i + step)) connection.close(code, reason);
    }
    const deadline = Date.now() + CLOSED_LIMIT_MS;
    while (this.#byAddress.size > 0 && Date.now() < deadline) await sleep(CLOSED_POLL_MS);
  }

  close(): void {
    clearInterval(this.#sweep);
  }

  #checkDeadlines(now: number): void {
    const sweptBefore = this.#sweptAt;
    this.#sweptAt = performance.now();
    const isLate = this.#sweptAt - sweptBefore > LATE_MS;
    for (const connection of this.#all) {
      // What the client has sent in time may not have been read.
      if (isLate) connection.identity.extend();
      checkDeadline(connection, now);
    }
  }
}

function checkDeadline(connection: Connection, now: number): void {
  switch (connection.identity.overdue(now)) {
    case "not_identified":
      return connection.close(CLOSE_CODES.notIdentified, "not identified in time");
    case "grace_over":
      return connection.close(CLOSE_CODES.unauthenticated, "token expired");
    case "token_expired":
      connection.emit("auth:error", {
        code: "token_expired",
        message: "The token has expired; identify with a new one within 30 s.",
      });
  }
}
