/** What people notice on one process with two workers and SQLite when it dies, hangs or restarts. */
// @slow: fifty clients for minutes
import { chaos, chatThrough, rollingRestart } from "./faults/scenario.ts";

/** Takes part as a client of another make, as in `deno task check:client`. */
const EXAMPLE =
  `"${Deno.execPath()}" run --allow-net "${import.meta.dirname}/faults/example_client.ts"`;
const SITE = { instances: 1, settings: { WORKERS: "2" } };

Deno.test("whatever happens to the process, no client loses, repeats or misorders an entry (SQLite)", () =>
  chatThrough(chaos, SITE));

Deno.test("a restart of the only process under load: no client misses or repeats an entry (SQLite)", () =>
  chatThrough(rollingRestart, { ...SITE, command: EXAMPLE }));
