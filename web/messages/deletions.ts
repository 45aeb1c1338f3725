/** Messages about to be deleted: for a few seconds that can be undone. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { ChatMessage, Room } from "../../src/client/mod.ts";

/** How long a deletion can be undone. */
export const UNDO_MS = 6_000;

export class Deletions {
  readonly #room: Room;
  readonly #onFault: (error: Error) => void;
  readonly #pending = signal<ReadonlyMap<string, ReturnType<typeof setTimeout>>>(new Map());

  constructor(room: Room, onFault: (error: Error) => void) {
    this.#room = room;
    this.#onFault = onFault;
  }

  /** The keys of the messages that are about to be deleted. */
  get pending(): ReadonlySignal<{ has(key: string): boolean }> {
    return this.#pending;
  }

  add({ key }: ChatMessage): void {
    const timer = setTimeout(() => this.#delete(key), UNDO_MS);
    this.#pending.value = new Map([...this.#pending.value, [key, timer]]);
  }

  undo(key: string): void {
    clearTimeout(this.#pending.value.get(key));
    this.#pending.value = new Map([...this.#pending.value].filter(([other]) => other !== key));
  }

  /** Deletes at once what is about to be deleted: the room or the page is closed. */
  flush(): void {
    for (const key of this.#pending.value.keys()) this.#delete(key);
  }

  #delete(key: string): void {
    this.undo(key);
    this.#room.delete(key).catch(this.#onFault);
  }
}
