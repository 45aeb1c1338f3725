/** The WebSocket endpoint: lets sockets in, feeds them to the router, and sees them out. */
import { getLogger } from "@logtape/logtape";
import { SingleFlight } from "../async/single_flight.ts";
import type { Services } from "../services/services.ts";
import { ChatError, unavailable } from "../domain/errors.ts";
import type { BusEvent } from "../ports/bus.ts";
import type { Store } from "../ports/store/store.ts";
import { CLOSE_CODES } from "../protocol/wire/close_codes.ts";
import { SUBPROTOCOLS } from "../protocol/wire/subprotocols.ts";
import { Connection } from "./connection.ts";
import { Connections } from "./connections.ts";
import { EventRouter } from "./router.ts";
import { Flusher } from "../rooms/flusher.ts";
import { createHandlers, leaveRoom, type Rooms } from "./handlers.ts";
import { Hub } from "../rooms/hub.ts";
import { Presence } from "../rooms/presence.ts";
import { RecentProfiles } from "../rooms/recent_profiles.ts";
import { Typing } from "../rooms/typing.ts";

const logger = getLogger(["echoroom", "websocket"]);

/** Seconds of silence after which a socket is dropped; it is pinged before. */
const IDLE_SECONDS = 60;
/** How long what the bus has lost without noticing may go unnoticed here. */
const AUDIT_MS = 10_000;

export class Gateway {
  readonly #connections: Connections;
  readonly #rooms: Rooms;
  readonly #router: EventRouter;
  readonly #store: Store;
  readonly #flusher: Flusher;
  readonly #audit: ReturnType<typeof setInterval>;
  /** Finds what the bus has lost: new entries of rooms, and revocations. */
  readonly #comparison = new SingleFlight(() => this.#compareWithStore());
  #draining = false;

  constructor(services: Services) {
    const { store, bus, metrics, rateLimits, load } = services;
    this.#store = store;
    this.#flusher = new Flusher(() => load.level);
    const profiles = new RecentProfiles();
    const hub: Hub = new Hub(services, this.#flusher, {
      opened: (roomId) => presence.open(roomId),
      closed: (roomId) => presence.close(roomId),
    }, profiles);
    const broadcast = hub.broadcast.bind(hub);
    const presence = new Presence(bus, broadcast, profiles);
    const typing = new Typing(bus, broadcast, profiles);
    this.#rooms = { hub, presence, typing, profiles };
    this.#connections = new Connections(rateLimits.enabled);
    const handlers = createHandlers(services, this.#connections, this.#rooms);
    this.#router = new EventRouter(services, handlers);
    bus.subscribe((event, from) => this.#receive(event, from));
    this.#audit = setInterval(() => void this.#comparison.run(), AUDIT_MS);
    metrics.watch("connections", "Open sockets", () => this.#connections.size);
  }

  /**
   * Answers the handshake of RFC 6455. The request's `Origin` has been checked before.
   * @param address the client's, for limits
   * @throws ChatError `upgrade_required`, `validation_failed`, `rate_limited` or `unavailable`
   */
  upgrade(request: Request, address: string): Response {
    checkHandshake(request.headers);
    if (this.#draining) throw unavailable("The server restarts.");
    if (!this.#connections.admits(address)) {
      throw new ChatError("rate_limited", "Too many sockets from this address.", {
        retryAfter: 10,
      });
    }
    const offered = request.headers.get("sec-websocket-protocol");
    const protocol = chooseSubprotocol(offered);
    const { socket, response } = protocol === undefined
      ? Deno.upgradeWebSocket(request, { idleTimeout: IDLE_SECONDS })
      : Deno.upgradeWebSocket(
        protocol === offered ? request : offering(request, protocol),
        { idleTimeout: IDLE_SECONDS, protocol },
      );
    this.#attend(socket, address, protocol === "echoroom.batch" ? this.#flusher : null);
    return response;
  }

  /** Lets nobody in any more and closes every socket with 1012; resolves once they have closed. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#connections.closeAll(CLOSE_CODES.restarting, "server restarting");
  }

  close(): void {
    clearInterval(this.#audit);
    this.#connections.close();
    this.#rooms.typing.close();
    this.#rooms.presence.end();
    this.#rooms.hub.close();
  }

  #attend(socket: WebSocket, address: string, flusher: Flusher | null): void {
    let connection: Connection | undefined;
    // A throw in a callback of a socket would end the process.
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
        // Of many handshakes at once all were admitted before the first socket counted.
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

  /** Takes a socket that closes, or has closed, out of everything. */
  #forget(connection: Connection): void {
    if (!this.#connections.remove(connection)) return;
    this.#router.forget(connection);
    for (const roomId of connection.rooms) leaveRoom(connection, roomId, this.#rooms);
  }

  #receive(event: BusEvent, from: string): void {
    const { hub, presence, typing, profiles } = this.#rooms;
    // Whoever shows people asks it for who has just changed.
    profiles.receive(event);
    hub.receive(event);
    presence.receive(event, from);
    typing.receive(event, from);
    if (event.kind === "session_revoked") this.#connections.closeSession(event.sessionId);
    if (event.kind === "profile_changed") this.#connections.showProfile(event.user);
    if (event.kind === "interrupted") void this.#comparison.run();
  }

  async #compareWithStore(): Promise<void> {
    try {
      await this.#rooms.hub.checkHeads();
      await this.#connections.checkSessions(this.#store);
    } catch (error) {
      // The store is away; whoever needs it hears so, and the next turn is not far.
      logger.debug("The store could not be compared with: {error}", { error });
    }
  }
}

function checkHandshake(headers: Headers): void {
  const upgrade = headers.get("upgrade")?.toLowerCase();
  const wanted = headers.get("connection")?.toLowerCase().split(/\s*,\s*/).includes("upgrade");
  if (upgrade !== "websocket" || !wanted) {
    throw new ChatError("upgrade_required", "This is a WebSocket endpoint.");
  }
  if (headers.get("sec-websocket-version") !== "13") {
    throw new ChatError("upgrade_required", "Only WebSocket version 13 is spoken here.");
  }
  if (!/^[A-Za-z0-9+/]{22}==$/.test(headers.get("sec-websocket-key") ?? "")) {
    throw new ChatError("validation_failed", "Sec-WebSocket-Key must be 16 bytes in base64.");
  }
}

/**
 * The same request with only this subprotocol offered: in a list without spaces, as the npm package
 * `ws` sends it, the runtime finds none. It has to stay this request; a copy cannot be upgraded.
 */
function offering(request: Request, protocol: string): Request {
  const headers = new Headers(request.headers);
  headers.set("sec-websocket-protocol", protocol);
  return Object.create(request, { headers: { value: headers } });
}

/** The first offered subprotocol that the server knows; none if it knows none. */
function chooseSubprotocol(offered: string | null): string | undefined {
  const known: readonly string[] = SUBPROTOCOLS;
  return offered?.split(",").map((name) => name.trim()).find((name) => known.includes(name));
}
