/** The path of a request as the log holds it; what is in a query is never logged. */

/** Below it is an invitation's code, which lets its reader into a room. */
const INVITATIONS = "/invitations/";
/** Below it are the id of a file and its name, which is what somebody has written. */
const FILE = /^(\/files\/[^/]*\/).+/;

/** The path without what is secret in it. */
export function loggedPath(path: string): string {
  return path.startsWith(INVITATIONS) ? `${INVITATIONS}…` : path.replace(FILE, "$1…");
}
