/** Where commands that are not acked survive a reload, under server and user. */
import type { Unsent } from "./commands.ts";
import { inTime } from "./platform.ts";

/**
 * What keeps commands over a reload: `localStorage`, or anything with these methods, which may also
 * return promises, as `AsyncStorage` of React Native does.
 */
export interface OutboxStorage {
  /** Gets null or undefined for a key without a value. */
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
  /** What it returns is awaited. */
  setItem(key: string, value: string): unknown;
  /** What it returns is awaited. */
  removeItem(key: string): unknown;
}

/** Whether a page before has left uploads; only a storage of the web says so at once. */
export function hasUploads(storage: OutboxStorage | null): boolean {
  return !!attempt(() => storage && "key" in storage && storage.getItem(UPLOADS_KEY));
}

/** Set in the storage while there are uploads to be resumed. */
export const UPLOADS_KEY = "echoroom:uploads";

/**
 * An outbox's use of its storage. A storage that is full, forbidden by the browser or broken costs no
 * more than the reload. `owner` names server and user.
 */
export interface UnsentStore {
  /**
   * The unsent commands, in order; a promise of them if the storage is asynchronous.
   * @throws what an asynchronous storage throws
   */
  load(owner: string): Unsent[] | Promise<Unsent[]>;
  /** Stores the command with this `clientMessageId`, or removes it if there is none. */
  set(owner: string, id: string, message?: Unsent): void;
  /** Removes everything of an owner. */
  erase(owner: string): void | Promise<void>;
}

/** @param storage null for memory only */
export function unsentStoreIn(storage: OutboxStorage | null): UnsentStore {
  if (!storage) return MEMORY_ONLY;
  // That of the web names its keys itself, and at once.
  return "key" in storage ? new WebStore(storage as WebStorage) : new ListStore(storage);
}

const MEMORY_ONLY: UnsentStore = { load: () => [], set() {}, erase() {} };

type WebStorage = Pick<Storage, "length" | "key" | "getItem" | "setItem" | "removeItem">;

/** In a storage that tabs share: they never write the same key. */
class WebStore implements UnsentStore {
  readonly #storage: WebStorage;

  constructor(storage: WebStorage) {
    this.#storage = storage;
  }

  load(owner: string): Unsent[] {
    const storage = this.#storage;
    const keys = attempt(() => {
      return Array.from({ length: storage.length }, (_, i) => storage.key(i)!);
    }) ?? [];
    return keys.filter((key) => key.startsWith(keyOf(owner, "")))
      .flatMap((key) => attempt(() => JSON.parse(storage.getItem(key)!) as Unsent) ?? [])
      .sort((a, b) => a.createdAt < b.createdAt ? -1 : 1);
  }

  set(owner: string, id: string, message?: Unsent): void {
    const key = keyOf(owner, id);
    attempt(() => {
      if (message) this.#storage.setItem(key, JSON.stringify(message));
      else this.#storage.removeItem(key);
    });
  }

  erase(owner: string): void {
    for (const { clientMessageId } of this.load(owner)) this.set(owner, clientMessageId);
  }
}

/** How long to wait for one step of a storage, in milliseconds. */
const STORAGE_MS = 10_000;

/** The last step begun on each storage, by any client. */
const LAST_STEPS = new WeakMap<OutboxStorage, Promise<unknown>>();

/** In a storage that cannot name its keys: all commands of an owner are one value. */
class ListStore implements UnsentStore {
  readonly #storage: OutboxStorage;

  constructor(storage: OutboxStorage) {
    this.#storage = storage;
  }

  load(owner: string): Promise<Unsent[]> {
    return this.#inTurn(() => this.#read(owner));
  }

  /** The other commands keep their order. */
  set(owner: string, id: string, message?: Unsent): void {
    this.#inTurn(async () => {
      // Read each time: another client of this app may use the same storage.
      const all = new Map((await this.#read(owner)).map((other) => [other.clientMessageId, other]));
      if (message) all.set(id, message);
      else if (!all.delete(id)) return;
      const key = listKeyOf(owner);
      if (all.size === 0) await this.#storage.removeItem(key);
      else await this.#storage.setItem(key, JSON.stringify([...all.values()]));
    }).catch(() => {});
  }

  async erase(owner: string): Promise<void> {
    const removed = this.#inTurn(async () => {
      await this.#storage.removeItem(listKeyOf(owner));
    });
    await removed.catch(() => {});
  }

  async #read(owner: string): Promise<Unsent[]> {
    const text = await this.#storage.getItem(listKeyOf(owner));
    const all = attempt(() => JSON.parse(text!));
    return Array.isArray(all) ? all : [];
  }

  /** One after the other, or steps of reading and writing would undo each other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const before = LAST_STEPS.get(this.#storage) ?? Promise.resolve();
    const step = before.then(() => inTime(STORAGE_MS, work));
    LAST_STEPS.set(this.#storage, step.catch(() => {}));
    return step;
  }
}

function keyOf(owner: string, clientMessageId: string): string {
  return `${listKeyOf(owner)}:${clientMessageId}`;
}

function listKeyOf(owner: string): string {
  return `echoroom:outbox:${owner}`;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
