/** How a command ends that failed. */

/**
 * Prints why on one line, and ends the process with 1.
 * @param what the sentence about it, without its end
 */
export function fail(what: string, error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`${what}: ${message.replaceAll("\n", "; ")}`);
  Deno.exit(1);
}
