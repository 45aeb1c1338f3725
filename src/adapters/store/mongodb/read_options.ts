/** The options of reads that may be long. */
import { STEP_LIMIT_MS } from "./connection.ts";

/**
 * One reply holds the whole answer, because no read asks for as many documents. The server ends a
 * read when its caller has given it up: what nobody waits for would slow down what is asked again.
 */
export const READ_OPTIONS = { batchSize: 1_000, maxTimeMS: STEP_LIMIT_MS } as const;
