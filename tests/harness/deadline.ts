/** How long tests wait for an expected event. */

/** Milliseconds. It only catches what hangs: machines are slow, shared and busy. */
export const HANG_MS = 60_000;
