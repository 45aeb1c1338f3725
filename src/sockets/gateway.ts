/** The WebSocket endpoint: accepts sockets, passes what they send to the router, and ends them. */
import { getLogger } from "@logtape/logtape";
import type { Dependencies } from "../application/dependencies.ts";
import type { Accounts } from "../accounts/accounts.ts";
import { leaveRoom } from "../application/rooms/leave_room.ts";
import { CoalescingQueue } from "../async/coalescing_queue.ts";
import { SingleFlight } from "../async/single_flight.ts";
import { ChatError, failureLevel, unavailable } from "../domain/errors.ts";
import type { BusEvent } from "../ports/bus.ts";
import type { Store } from "../ports/store/store.ts";
import type { Admins } from "../services/admins.ts";
import { CLOSE_CODES } from "../protocol/wire/close_codes.ts";
import type { Flusher } from "../rooms/flusher.ts";
import type { Rooms } from "../rooms/rooms.ts";
import { Connection } from "./connection.ts";
import { Connections } from "./connections.ts";
import { createHandlers } from "./commands/commands.ts";
import { checkHandshake, upgradeRequest } from "./handshake.ts";
import { Router } from "./router.ts";

const logger = getLogger(["echoroom", "websocket"]);

/** How often this instance looks for what the bus has lost without noticing. */
const COMPARE_MS = 8_000;
/** Users with a changed role whose rooms are shown to them at once, a room of each at a time. */
const ROLES_AT_ONCE = 4;

export class Gateway {
  readonly #connections: Connections;
  readonly #rooms: Rooms;
  readonly #accounts: Accounts;
  readonly #router: Router;
  readonly #store: Store;
  readonly #admins: Admins;
  readonly #comparing: ReturnType<typeof setInterval>;
  /** Finds events that the bus has lost: new entries of rooms and accounts, revocations, changed roles. */
  readonly #comparison = new SingleFlight(() => this.#compareWithStore());
  #draining = false;

  constructor(dependencies: Dependencies) {
    const { accounts, store, bus, admins, metrics, rateLimits, rooms } = dependencies;
    this.#store = store;
    this.#admins = admins;
    this.#rooms = rooms;
    this.#accounts = accounts;
    const changedRoles = new CoalescingQueue(ROLES_AT_ONCE, (userId) => this.#showRole(userId));
    this.#connections = new Connections(rateLimits.enabled, (userId) => changedRoles.add(userId));
    const handlers = createHandlers({ ...dependencies, connections: this.#connections });
    this.#router = new Router(dependencies, handlers);
    bus.subscribe((event) => this.#receive(event));
    this.#comparing = setInterval(() => void this.#comparison.run(), COMPARE_MS);
    metrics.watch("connections", "Open sockets", () => this.#connections.size);
  }

  /**
   * Answers the handshake of RFC 6455. The request's `Origin` has been checked before.
   * @param address the client's, for limits
   * @throws ChatError `upgrade_required`, `validation_failed`, `rate_limited` or `unavailable`
   */
  upgrade(request: Request, address: string): Response {
    checkHandshake(request);
    if (this.#draining) throw unavailable("The server restarts.");
    if (!this.#connections.admits(address)) {
      throw new ChatError("rate_limited", "Too many sockets from this address.", {
        retryAfter: 10,
      });
    }
    const { socket, response, protocol } = upgradeRequest(request);
    this.#serve(socket, address, protocol === "echoroom.batch" ? this.#rooms.flusher : null);
    return response;
  }

  /** Accepts no more sockets and closes all with 1012; resolves once they have closed. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#connections.closeAll(CLOSE_CODES.restarting, "server restarting");
  }

  close(): void {
    clearInterval(this.#comparing);
    this.#connections.close();
  }

  #serve(socket: WebSocket, address: string, flusher: Flusher | null): void {
    let connection: Connection | undefined;
    // An error thrown in a callback of a socket would end the process.
    const guard = (work: () => void) => {
      try {
        work();
      } catch (error) {
        logger.error("A socket's callback failed: {error}", { error });
      }
    };
    socket.onopen = () =>
      guard(() => {
        const onClosing = () => guard(() => this.#forget(opened));
        const opened = new Connection({ socket, address, flusher, onClosing });
        connection = opened;
        // Of many handshakes at once all are admitted before the first socket is counted.
        const admitted = this.#connections.admits(address);
        this.#connections.add(connection);
        if (!admitted) connection.close(CLOSE_CODES.tryAgainLater, "too many sockets");
        if (this.#draining) connection.close(CLOSE_CODES.restarting, "server restarting");
      });
    socket.onmessage = ({ data }) =>
      guard(() => connection && this.#router.receive(connection, data));
    socket.onclose = () =>
      guard(() => {
        if (!connection) return;
        connection.ended();
        this.#connections.release(connection);
        this.#forget(connection);
        // An idle time-out fires `close` twice.
        connection = undefined;
      });
    // A socket that errs closes as well, which is where it is forgotten.
    socket.onerror = (event) => {
      logger.debug("A socket erred: {reason}", { reason: (event as ErrorEvent).message });
    };
  }

  /** Removes a socket that closes, or has closed, from everything. */
  #forget(connection: Connection): void {
    if (!this.#connections.remove(connection)) return;
    connection.inbox.clear();
    const { actor } = connection.identity;
    if (!actor) return;
    for (const roomId of connection.rooms) {
      leaveRoom(actor, { rooms: this.#rooms }, { roomId, subscriber: connection });
    }
    this.#accounts.leave(actor.userId, connection);
  }

  #receive(event: BusEvent): void {
    if (event.kind === "session_revoked") this.#connections.closeSession(event.sessionId);
    if (event.kind === "role_changed") {
      this.#connections.setAdmin(event.userId, event.role === "admin");
    }
    if (event.kind === "profile_changed") this.#connections.showProfile(event.user);
    if (event.kind === "interrupted") void this.#comparison.run();
  }

  /** A role on the server is an entry in no room: what it lets a user do is shown in each of theirs. */
  async #showRole(userId: string): Promise<void> {
    for (const roomId of this.#connections.roomsOf(userId)) {
      await this.#rooms.hub.showAccess(roomId, userId);
    }
  }

  async #compareWithStore(): Promise<void> {
    try {
      await this.#connections.checkSessions(this.#store);
      await this.#rooms.hub.checkHeads();
      await this.#connections.checkAdmins(this.#admins);
      await this.#accounts.compare();
    } catch (error) {
      // The next comparison is at most 8 s away.
      logger[failureLevel(error)]("The store could not be compared with: {error}", { error });
    }
  }
}
