/**
 * Checks a client of any make against a server that dies, hangs and restarts while fifty users chat:
 *
 *     deno task check:client --command "deno run --allow-net tests/faults/example_client.ts"
 *
 * The command reads one line of JSON, `{url, token, roomIds}`, joins these rooms with that access token,
 * and prints a line of JSON, `{roomId, lastSeq, messages}`, whenever the list that it shows of a room, or
 * the last entry that it has taken, has changed; `messages` are all that it shows, oldest first, as the
 * server sends them. Once its input ends, so does it. It must never show a gap, nor an older state of a
 * message after a newer one, nor a deleted text after the deletion; in the end it must show what the
 * server does. Deleted messages may be left out.
 *
 * `FAULTS_SECONDS` and `FAULTS_SEED` are those of the fault tests.
 */
import { AssertionError } from "node:assert/strict";
import { parseArgs } from "node:util";
import { chaos, chatThrough } from "./scenario.ts";

const USAGE = 'Usage: deno task check:client --command "what starts your client"';

const { values: { command } } = parseArgs({ options: { command: { type: "string" } } });
if (!command) {
  console.error(USAGE);
  Deno.exit(2);
}
try {
  await chatThrough(chaos, { instances: 1, command });
  console.log("The client kept every promise.");
} catch (error) {
  if (!(error instanceof AssertionError)) throw error;
  console.error(error.message);
  Deno.exit(1);
}
