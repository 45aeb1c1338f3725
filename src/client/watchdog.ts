/** Notices when a connection may be dead: after silence, sleep or a change of network. */

/** What a watchdog reports. */
export interface WatchdogHost {
  /** How long the server may be silent, in milliseconds. */
  silenceMs: number;
  /** The server was silent for that long. */
  onSilence(): void;
  /** The machine or the page was asleep, or the network has changed. */
  onWake(): void;
}

/** Reports silence again after each further `silenceMs`. */
export class Watchdog {
  readonly #host: WatchdogHost;
  #timer: ReturnType<typeof setInterval> | undefined;
  #lastReceived = 0;
  #lastCheck = 0;
  readonly #wake = () => {
    if (!documentOf()?.hidden) this.#host.onWake();
  };

  constructor(host: WatchdogHost) {
    this.#host = host;
  }

  /** Begins to watch; does nothing while it does so already. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#lastCheck = Date.now();
    this.#timer = setInterval(() => this.#check(), this.#host.silenceMs / 5);
    this.#listen("addEventListener");
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#listen("removeEventListener");
  }

  #listen(method: "addEventListener" | "removeEventListener"): void {
    globalThis[method]?.("online", this.#wake);
    globalThis[method]?.("pageshow", this.#wake);
    documentOf()?.[method]("visibilitychange", this.#wake);
  }

  /** A frame has arrived. */
  received(): void {
    this.#lastReceived = Date.now();
  }

  /** A timer that is late has slept with its machine. */
  #check(): void {
    const now = Date.now();
    const { silenceMs } = this.#host;
    const hasSlept = now - this.#lastCheck > silenceMs;
    this.#lastCheck = now;
    if (hasSlept) return this.#host.onWake();
    if (now - this.#lastReceived < silenceMs) return;
    this.#lastReceived = now;
    this.#host.onSilence();
  }
}

/** The page, if there is one. */
function documentOf(): (EventTarget & { hidden: boolean }) | undefined {
  return (globalThis as { document?: EventTarget & { hidden: boolean } }).document;
}
