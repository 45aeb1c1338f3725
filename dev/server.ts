/** The server as the development runner starts it: it ends when the runner has ended, even if killed. */

const POLL_MS = 500;

const runner = Deno.ppid;
// `--help` ends by itself.
Deno.unrefTimer(setInterval(() => {
  if (Deno.ppid !== runner) Deno.exit(1);
}, POLL_MS));

await import("../main.ts");
