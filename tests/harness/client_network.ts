/** The traffic between a client and its server, recorded or held back. */
import type { TestBrowser } from "./client.ts";
import { nextTurn, until } from "./stage.ts";

/** The traffic of a client's sockets. */
export class Frames {
  /** The names of all events received. */
  readonly events: string[] = [];
  /** How many frames held several events. */
  batches = 0;
  protocol = "";
  readonly WebSocket: typeof WebSocket;

  readonly #held: (() => void)[] = [];

  /** @param held an event that is not passed on to the server before its release */
  constructor({ held = "" } = {}) {
    const hold = (send: () => void) => this.#held.push(send);
    const take = (frame: unknown) => this.#take(frame);
    const opened = (protocol: string) => this.protocol = protocol;
    this.WebSocket = class extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args);
        this.addEventListener("open", () => opened(this.protocol));
        this.addEventListener("message", ({ data }) => take(JSON.parse(data)));
      }

      override send(data: string): void {
        const send = () => super.send(data);
        if (JSON.parse(data).event === held) hold(send);
        else send();
      }
    };
  }

  /** Resolves when the next event of this name has arrived. */
  async received(name: string): Promise<void> {
    const before = this.events.length;
    await until(() => this.events.includes(name, before), name);
  }

  release(): void {
    for (const send of this.#held.splice(0)) send();
  }

  #take(frame: unknown): void {
    if (Array.isArray(frame)) this.batches++;
    this.events.push(...[frame].flat().map((event) => (event as { event: string }).event));
  }
}

/** Holds the answers of one route back until they are released. */
export class SlowFetch {
  readonly answered: Promise<void>;
  readonly fetch: typeof fetch;
  readonly release: () => void;
  #taken = 0;

  constructor(browser: TestBrowser, path: string) {
    const answered = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.answered = answered.promise;
    this.release = released.resolve;
    this.fetch = async (input, init) => {
      const response = await browser.fetch(input, init);
      if (!String(input).endsWith(path)) return response;
      answered.resolve();
      await released.promise;
      this.#taken++;
      return response;
    };
  }

  /** Resolves when a released answer was read. */
  async taken(): Promise<void> {
    do await nextTurn(); while (this.#taken === 0);
    // Reading the body takes turns of its own.
    for (let i = 0; i < 20; i++) await nextTurn();
  }
}
