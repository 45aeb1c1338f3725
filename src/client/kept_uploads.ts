/** Messages whose files are on their way, kept over a reload: in IndexedDB, which takes bytes. */
import type { OutgoingFile, Unsent, UnsentMessage } from "./commands.ts";
import { type OutboxStorage, UPLOADS_KEY } from "./unsent_store.ts";

/** A message that is kept, by its page alone. */
export interface Kept {
  /** It has changed. */
  update(message: KeptMessage): void;
  /** It is kept no more. */
  forget(): void;
  /** It is kept for another page. */
  release(): void;
}

/** A message with files, and what changes or answers it. */
export type KeptMessage = UnsentMessage & {
  files: readonly OutgoingFile[];
  behind?: readonly Unsent[];
};

/** The part of a browser that is used here; not every runtime has it, nor its types. */
interface Web {
  indexedDB?: { open(name: string, version: number): Opening };
  IDBKeyRange: { bound(lower: string, upper: string): object };
  navigator?: {
    locks?: {
      request(
        name: string,
        options: { ifAvailable: true },
        act: () => Promise<void>,
      ): Promise<void>;
      query(): Promise<{ held?: { name?: string }[] }>;
    };
  };
}
interface Requested<T> {
  readonly result: T;
  readonly error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}
interface Opening extends Requested<Database> {
  onupgradeneeded: (() => void) | null;
}
interface Database {
  createObjectStore(name: string): unknown;
  transaction(name: string, mode: Mode): { objectStore(name: string): Store };
  close(): void;
}
interface Store {
  put(value: object, key: string): Requested<unknown>;
  delete(key: string | object): Requested<unknown>;
  getAll(range: object): Requested<unknown>;
}
type Mode = "readonly" | "readwrite";

const web = globalThis as unknown as Web;
const DATABASE = "echoroom";
const STORE = "uploads";

/**
 * A page holds a lock on each of its messages, so that of several only one uploads it. Where there is no
 * IndexedDB, or it fails, nothing survives.
 */
export class KeptUploads {
  readonly #storage: OutboxStorage | null;
  readonly #owner: string | null;

  /**
   * @param storage where it is noted that something is kept; null keeps nothing
   * @param owner server and user
   */
  constructor(storage: OutboxStorage | null, owner: string | null) {
    this.#storage = storage && "key" in storage && web.indexedDB ? storage : null;
    this.#owner = owner;
  }

  /** Keeps a message from now on, whether or not it was before. */
  async keep(message: KeptMessage): Promise<Kept> {
    const key = this.#keyOf(message);
    let release = () => {};
    const isOver = new Promise<void>((resolve) => release = resolve);
    if (this.#storage) {
      web.navigator?.locks?.request(key, { ifAvailable: true }, () => isOver).catch(() => {});
      // Before it is stored: what is noted in vain costs a look.
      attempt(() => this.#storage!.setItem(UPLOADS_KEY, "1"));
      await this.#do("readwrite", (store) => store.put(message, key));
    }
    const forget = () => {
      void this.#do("readwrite", (store) => store.delete(key)).then(() => release());
    };
    const update = (now: KeptMessage) => {
      void this.#do("readwrite", (store) => store.put(now, key));
    };
    return { update, forget, release };
  }

  /** The messages of the owner that no page is at, in order. */
  async load(): Promise<KeptMessage[]> {
    const found = await this.#do("readonly", (store) => store.getAll(this.#range)) as KeptMessage[];
    const held = await heldLocks();
    if (!found?.length) attempt(() => this.#storage?.removeItem(UPLOADS_KEY));
    const free = (found ?? []).filter((message) => !held.has(this.#keyOf(message)));
    return inOrder(free).map((message) => {
      return { ...message, files: message.files.map((file) => ({ ...file, sent: 0 })) };
    });
  }

  /** Forgets everything of the owner. */
  async erase(): Promise<void> {
    await this.#do("readwrite", (store) => store.delete(this.#range));
  }

  get #range(): object {
    return web.IDBKeyRange.bound(`${this.#owner}:`, `${this.#owner}:\uffff`);
  }

  #keyOf({ clientMessageId }: KeptMessage): string {
    return `${this.#owner}:${clientMessageId}`;
  }

  /** @returns undefined where that is not possible */
  async #do<T>(
    mode: Mode,
    act: (store: Store) => Requested<T>,
  ): Promise<T | undefined> {
    if (!this.#storage) return undefined;
    try {
      const opening = web.indexedDB!.open(DATABASE, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
      const database = await settled(opening);
      try {
        return await settled(act(database.transaction(STORE, mode).objectStore(STORE)));
      } finally {
        database.close();
      }
    } catch {
      return undefined;
    }
  }
}

/** As they were written: those of one millisecond with what they answer first. */
function inOrder(messages: KeptMessage[]): KeptMessage[] {
  const byTime = messages.toSorted((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt));
  const ordered = new Set<KeptMessage>();
  const add = (message: KeptMessage) => {
    const answered = byTime.find(({ clientMessageId, behind = [] }) =>
      [clientMessageId, ...behind.map((each) => each.clientMessageId)].includes(message.sendId!)
    );
    if (answered) add(answered);
    ordered.add(message);
  };
  byTime.forEach(add);
  return [...ordered];
}

async function heldLocks(): Promise<Set<string | undefined>> {
  try {
    const { held = [] } = await web.navigator?.locks?.query() ?? {};
    return new Set(held.map(({ name }) => name));
  } catch {
    // Who may not ask, as in a frame without an origin, may not hold one either.
    return new Set();
  }
}

function settled<T>(request: Requested<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function attempt(act: () => unknown): void {
  try {
    act();
  } catch {
    // A full or forbidden storage costs the resumption.
  }
}
