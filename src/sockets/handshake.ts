/** The opening handshake of a WebSocket (RFC 6455, 4.2), in the subprotocol that both sides know. */
import { ChatError } from "../domain/errors.ts";
import { type Subprotocol, SUBPROTOCOLS } from "../protocol/wire/subprotocols.ts";

/** Seconds of silence after which a socket is dropped; it is pinged before. */
const IDLE_SECONDS = 60;

/** A request that was answered as the handshake of a socket. */
export interface Upgraded {
  socket: WebSocket;
  response: Response;
  /** Undefined if none was offered that the server knows. */
  protocol: Subprotocol | undefined;
}

/**
 * Refuses a request that is no handshake.
 * @throws ChatError `upgrade_required` or `validation_failed`
 */
export function checkHandshake({ headers }: Request): void {
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

/** Upgrades a request that `checkHandshake` accepts. */
export function upgradeRequest(request: Request): Upgraded {
  const offered = request.headers.get("sec-websocket-protocol");
  const protocol = chooseSubprotocol(offered);
  if (protocol === undefined) {
    return { ...Deno.upgradeWebSocket(request, { idleTimeout: IDLE_SECONDS }), protocol };
  }
  const single = protocol === offered ? request : offering(request, protocol);
  const { socket, response } = Deno.upgradeWebSocket(single, {
    idleTimeout: IDLE_SECONDS,
    protocol,
  });
  return { socket, response, protocol };
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

/** The first offered subprotocol that the server knows; undefined if it knows none. */
function chooseSubprotocol(offered: string | null): Subprotocol | undefined {
  const names = offered?.split(",").map((name) => name.trim());
  return names?.find(isKnown);
}

function isKnown(name: string): name is Subprotocol {
  return SUBPROTOCOLS.includes(name as Subprotocol);
}
