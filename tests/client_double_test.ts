/**
 * The client's own tests once more, on the server in memory that apps test with: what they state of a
 * real server holds of that one, too.
 */
// @slow: a hundred tests
import assert from "node:assert/strict";
import { useDouble } from "./harness/client_double.ts";

const FILES = [
  "bot",
  "changes",
  "events",
  "files",
  "pins",
  "reading",
  "rooms",
  "sending",
  "storage",
  "threads",
];

/** Tests of what the server in memory leaves out: they are not registered, so that none is skipped. */
const LEFT_OUT: Record<string, string> = {
  "a message that is sent too fast has the reason and the time of its next attempt":
    "it has no rate limits: a test refuses as `rate_limited` what it likes",
  "a message whose file is refused fails, and keeps the file for another attempt":
    "it does not look into files: a test refuses what it likes",
  "an answer to a message whose upload is refused fails with it, and keeps its text":
    "it does not look into files: a test refuses what it likes",
  "the address of a file shows it to whoever has it": "it keeps no bytes of files",
};

const register = Deno.test;
const names: string[] = [];
Object.assign(Deno, {
  test(name: string, fn: () => Promise<void>) {
    names.push(name);
    if (!(name in LEFT_OUT)) register(name, fn);
  },
});

useDouble();
for (const file of FILES) await import(`./client_${file}_test.ts`);

register("the server in memory passes the client's tests, but for those that it names", () => {
  assert.ok(names.length > 90, `${names.length} tests`);
  for (const name of Object.keys(LEFT_OUT)) assert.ok(names.includes(name), name);
});
