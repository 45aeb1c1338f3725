/** The path of a request as the log holds it. */

/** Below it is an invitation's code, which lets its reader into a room. */
const INVITATIONS = "/invitations/";

/** The path without what is secret in it. */
export function loggedPath(path: string): string {
  return path.startsWith(INVITATIONS) ? `${INVITATIONS}…` : path;
}
