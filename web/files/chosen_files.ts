/** The files that go with the user's next message in a room. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { MAX_ATTACHMENTS } from "../../src/protocol/wire/limits.ts";

export interface ChosenFile {
  readonly key: number;
  readonly content: File;
}

export class ChosenFiles {
  readonly #files = signal<readonly ChosenFile[]>([]);
  #lastKey = 0;

  /** In the order in which they were chosen. */
  get files(): ReadonlySignal<readonly ChosenFile[]> {
    return this.#files;
  }

  /** Returns how many there was no place for. */
  add(contents: Iterable<File>): number {
    const added = [...contents].map((content) => ({ key: ++this.#lastKey, content }));
    const all = [...this.#files.peek(), ...added];
    this.#files.value = all.slice(0, MAX_ATTACHMENTS);
    return all.length - this.#files.peek().length;
  }

  remove(key: number): void {
    this.#files.value = this.#files.peek().filter((file) => file.key !== key);
  }

  /** They are sent. */
  take(): File[] {
    const taken = this.#files.peek();
    this.#files.value = [];
    return taken.map(({ content }) => content);
  }
}

/** Those of each room, kept while another one is open. */
export class ChosenByRoom {
  readonly #rooms = new Map<string, ChosenFiles>();

  /** Those of a room; of others only those stay that have some. */
  of(roomId: string): ChosenFiles {
    for (const [other, { files }] of this.#rooms) {
      if (files.peek().length === 0) this.#rooms.delete(other);
    }
    const chosen = this.#rooms.get(roomId) ?? new ChosenFiles();
    this.#rooms.set(roomId, chosen);
    return chosen;
  }
}
