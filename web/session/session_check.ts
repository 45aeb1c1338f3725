/** Detects a session that a reload will lose: over plain http browsers drop `Secure` cookies. */
import type { Client, EchoRoomError } from "../../src/client/mod.ts";
import { kept } from "../kept.ts";

/** Of this tab; anything, if its session is not kept. */
const LOST = kept("echoroom:session-not-kept", () => sessionStorage);
const WARNING = "This server runs in production over plain http, where browsers do not keep its " +
  "session cookie: a reload signs you out. Open it over https, or run it with NODE_ENV=development.";

/**
 * To be called after signing in.
 * @returns a warning for the user; `""` if the session survives a reload
 */
export async function checkSession(client: Client): Promise<string> {
  LOST.erase();
  if (location.protocol === "https:") return "";
  const isKept = await client.api.refresh().then(
    ({ user }) => user.id === client.user.get()?.id,
    ({ status }: EchoRoomError) => status !== 401,
  );
  if (isKept) return "";
  LOST.write("true");
  return WARNING;
}

/** Why this tab has lost its session on a reload; `""` if not known. */
export function lostSession(): string {
  return LOST.read() ? WARNING : "";
}
