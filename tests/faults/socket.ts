/** A WebSocket over a network that loses, delays and duplicates frames, and cuts connections. */
import type { Random } from "./random.ts";

/** How often each fault happens to a frame, from 0 to 1. */
export interface Rates {
  drop: number;
  duplicate: number;
  delay: number;
  cut: number;
}

/** Counts of the faults so far. */
export interface Faults {
  dropped: number;
  duplicated: number;
  delayed: number;
  cut: number;
}

const MAX_DELAY_MS = 20;
/** Codes that a client may meet when it is cut off. */
const CODES = [1001, 1006, 1011, 1012, 1013, 4401];

export class FaultyNetwork {
  readonly faults: Faults = { dropped: 0, duplicated: 0, delayed: 0, cut: 0 };
  #rates: Rates;
  readonly #random: Random;

  constructor(rates: Rates, random: Random) {
    this.#rates = rates;
    this.#random = random;
  }

  /** No more faults from now on. */
  calm(): void {
    this.#rates = { drop: 0, duplicate: 0, delay: 0, cut: 0 };
  }

  /** Used instead of the global one. */
  get WebSocket(): typeof WebSocket {
    // deno-lint-ignore no-this-alias -- the class below has a `this` of its own
    const network = this;
    return class extends FaultySocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(network, new WebSocket(url, protocols));
      }
    } as unknown as typeof WebSocket;
  }

  /** How often a frame arrives, after which delay, and whether it takes the connection with it. */
  fate(): { copies: number; delayMs: number; cut: number | null } {
    const { drop, duplicate, delay, cut } = this.#rates;
    if (this.#happens(cut)) {
      this.faults.cut++;
      return { copies: 0, delayMs: 0, cut: this.#random.pick(CODES) };
    }
    const delayMs = this.#happens(delay) ? this.#random.between(0, MAX_DELAY_MS) : 0;
    if (delayMs > 0) this.faults.delayed++;
    if (this.#happens(drop)) {
      this.faults.dropped++;
      return { copies: 0, delayMs, cut: null };
    }
    const copies = this.#happens(duplicate) ? 2 : 1;
    this.faults.duplicated += copies - 1;
    return { copies, delayMs, cut: null };
  }

  #happens(rate: number): boolean {
    return this.#random.next() < rate;
  }
}

/** The part of a WebSocket that the client uses. */
class FaultySocket {
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  readonly #network: FaultyNetwork;
  readonly #socket: WebSocket;
  /** Frames keep their order in each direction, however long one takes. */
  #out: Promise<void> = Promise.resolve();
  #in: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(network: FaultyNetwork, socket: WebSocket) {
    this.#network = network;
    this.#socket = socket;
    socket.onopen = (event) => this.onopen?.(event);
    socket.onmessage = ({ data }) => {
      this.#in = this.#in.then(() => this.#pass(() => this.onmessage?.({ data })));
    };
    socket.onclose = ({ code }) => this.#end(code);
  }

  send(data: string): void {
    this.#out = this.#out.then(() =>
      this.#pass(() => {
        if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data);
      })
    );
  }

  close(): void {
    this.#closed = true;
    this.#socket.close();
  }

  async #pass(deliver: () => void): Promise<void> {
    const { copies, delayMs, cut } = this.#network.fate();
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (cut !== null) {
      this.#end(cut);
      this.#socket.close();
    }
    for (let i = 0; i < copies && !this.#closed; i++) deliver();
  }

  #end(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onclose?.({ code });
  }
}
