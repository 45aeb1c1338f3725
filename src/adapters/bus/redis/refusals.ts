/** What Redis answers to those it does not serve: which answers are final, and what to say of them. */
import { ErrorReply } from "@redis/client";

/** What a server says that starts, recovers, or is full for the moment. */
const PASSING = /^(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|ERR max number of clients)/;

const CREDENTIALS = /^(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password|ERR Client sent AUTH)/;

/** Whether asking again is of no use for as long as neither the URL nor the server is changed. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof ErrorReply && !PASSING.test(error.message);
}

/**
 * The fault and the fix in one line, to be read behind the name of the setting. It is in words of our
 * own: a server's answer may hold the user's name.
 */
export function refusalReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (CREDENTIALS.test(message)) {
    return "is refused by its server: the user or the password is wrong; correct them";
  }
  if (message.startsWith("NOPERM")) {
    return "names a user who may not do what is needed; allow it +@all ~echoroom:* &echoroom:*";
  }
  if (/DB index|invalid DB/i.test(message)) {
    return "names a database that its server lacks; write a lower number, such as /0";
  }
  if (/SELECT is not allowed/i.test(message)) {
    return "names a database, and its server is a cluster, which has none but 0; leave the number out";
  }
  if (/unknown command/i.test(message)) {
    return "leads to a server that lacks a command; use Redis 6 or later";
  }
  const code = message.match(/^[A-Z]+\b/)?.[0] ?? "an error";
  return `is refused by its server (${code}); look into the server's log`;
}
