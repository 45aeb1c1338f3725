/** Ends a process that may be ending by itself. */

/** Sends a signal; a process that has ended already is left alone, where Deno throws. */
export function kill(process: Deno.ChildProcess, signal: Deno.Signal = "SIGKILL"): void {
  try {
    process.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}
