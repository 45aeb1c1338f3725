/** The thread that holds the open database: started, replaced when it dies, and ended. */
import { getLogger } from "@logtape/logtape";
import { within } from "../../../async/deadline.ts";
import type { Reply, Request } from "./calls.ts";
import type { Migration } from "./database.ts";
import { StartupFault } from "./faults.ts";
import type { FileIdentity } from "./file.ts";

const logger = getLogger(["echoroom", "store"]);

const RESTART_MS = 1_000;

export interface ThreadEvents {
  /** An answer to what was posted. */
  onReply(reply: Extract<Reply, { reads: unknown } | { delayed: unknown }>): void;
  /** What was posted is lost, its outcome unknown. */
  onDeath(error: Error): void;
  /** It can be posted to again. */
  onReady(): void;
}

export class DatabaseThread {
  readonly #path: string;
  readonly #eraseMs: number;
  readonly #events: ThreadEvents;
  #worker: Worker | null = null;
  /** A replacement thread must open this file, and not create one where it is gone. */
  #identity: FileIdentity | null = null;
  #restart: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** @param eraseMs see `Erasure` */
  constructor(path: string, eraseMs: number, events: ThreadEvents) {
    this.#path = path;
    this.#eraseMs = eraseMs;
    this.#events = events;
  }

  /** Whether there is a thread to post to. */
  get isReady(): boolean {
    return this.#worker !== null;
  }

  /** @throws StartupFault */
  async start(): Promise<void> {
    const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
    try {
      const request = { open: this.#path, identity: this.#identity, eraseMs: this.#eraseMs };
      const reply = await exchange(worker, request, ({ from, to }) => {
        const values = { path: this.#path, from, to };
        logger.info("Migrating the tables of {path} from version {from} to {to}", values);
      });
      if ("failed" in reply) throw new StartupFault(reply.failed.message);
      if ("opened" in reply) this.#identity = reply.opened;
      if (this.#closed) throw new Error("The store was closed meanwhile.");
    } catch (error) {
      worker.terminate();
      throw error;
    }
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if ("reads" in data || "delayed" in data) this.#events.onReply(data);
      else if ("failed" in data) this.#replace(new Error(data.failed.message));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#replace(new Error(event.message));
    };
  }

  post(request: Extract<Request, { reads: unknown }>): void {
    this.#worker?.postMessage(request);
  }

  /** Closes the database, or gives it up after so many milliseconds. */
  async close(timeoutMs: number): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    this.#worker = null;
    if (!worker) return;
    await within(exchange(worker, { close: true }).catch(() => {}), timeoutMs, () => {});
    worker.terminate();
  }

  #replace(error: Error): void {
    logger.error("The database's thread died and is replaced: {error}", { error });
    this.#worker?.terminate();
    this.#worker = null;
    this.#events.onDeath(error);
    this.#scheduleRestart();
  }

  #scheduleRestart(): void {
    this.#restart = setTimeout(() => {
      this.start().then(this.#events.onReady, (error) => {
        if (this.#closed) return;
        logger.error("The database's thread cannot be replaced yet: {error}", { error });
        this.#scheduleRestart();
      });
    }, RESTART_MS);
  }
}

/** Posts the only request under way and returns its reply. */
function exchange(
  worker: Worker,
  request: Request,
  onMigration: (migration: Migration) => void = () => {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if ("migrating" in data) onMigration(data.migrating);
      else resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(request);
  });
}
