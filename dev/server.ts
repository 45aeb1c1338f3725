/** The server as the development runner starts it: it ends when the runner is gone, however that went. */

const POLL_MS = 500;

const runner = Deno.ppid;
// `--help` ends by itself.
Deno.unrefTimer(setInterval(() => {
  if (Deno.ppid !== runner) Deno.exit(1);
}, POLL_MS));

await import("../main.ts");
