/** Records every frame of a client's sockets, and can break them. */
import { type ReadonlySignal, signal } from "@preact/signals";

/** One frame, or a change of a socket. */
export interface Record {
  number: number;
  direction: "sent" | "received" | "note";
  /** The event's name, or what happened. */
  title: string;
  /** The frame as indented JSON. */
  text: string;
}

const MAX_RECORDS = 300;
/** Shown instead of the token: screenshots of this page are shared. */
const HIDDEN = "…";

export class FrameLog {
  readonly #records = signal<readonly Record[]>([]);
  #sockets = new Set<WebSocket>();
  #count = 0;
  #offline = false;
  #spoils = false;

  /** Oldest first. */
  get records(): ReadonlySignal<readonly Record[]> {
    return this.#records;
  }

  /** For the client, instead of the global one. */
  get WebSocket(): typeof WebSocket {
    const open = (url: string | URL, protocols?: string[]) => this.#open(url, protocols);
    return function (url: string | URL, protocols?: string[]) {
      return open(url, protocols);
    } as unknown as typeof WebSocket;
  }

  /** Simulates the loss and the return of the network. */
  set offline(offline: boolean) {
    this.#offline = offline;
    this.#add("note", offline ? "network off" : "network on");
    if (offline) this.kill();
  }

  /** Ends the connection as a broken network does: without a close frame. */
  kill(): void {
    for (const socket of this.#sockets) {
      socket.dispatchEvent(new CloseEvent("close", { code: 1006 }));
      socket.close();
    }
  }

  /** Reconnects with an invalid token, which the server refuses like an expired one. */
  spoilToken(): void {
    this.#spoils = true;
    this.#add("note", "the token is now invalid");
    this.kill();
  }

  #open(url: string | URL, protocols?: string[]): WebSocket | DeadSocket {
    if (this.#offline) return new DeadSocket();
    const socket = new WebSocket(url, protocols);
    const send = socket.send.bind(socket);
    socket.send = (frame) => send(this.#prepare(frame as string));
    this.#watch(socket);
    return socket;
  }

  #prepare(frame: string): string {
    this.#add("sent", titleOf(frame), frame);
    const { event, data, ref } = JSON.parse(frame);
    if (event !== "auth:identify" || !this.#spoils) return frame;
    this.#spoils = false;
    return JSON.stringify({ event, data: { token: `${data.token}.` }, ref });
  }

  #watch(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.addEventListener("open", () => this.#add("note", "connected"));
    socket.addEventListener("message", ({ data }) => this.#add("received", titleOf(data), data));
    socket.addEventListener("close", ({ code }) => {
      if (this.#sockets.delete(socket)) this.#add("note", `closed with ${code}`);
    });
  }

  #add(direction: Record["direction"], title: string, frame = ""): void {
    const text = frame && JSON.stringify(JSON.parse(frame, hideToken), null, 2);
    const record = { number: ++this.#count, direction, title, text };
    this.#records.value = [...this.#records.value, record].slice(-MAX_RECORDS);
  }
}

/** A socket without a network. */
class DeadSocket {
  onclose: ((event: CloseEvent) => void) | null = null;

  constructor() {
    setTimeout(() => this.onclose?.(new CloseEvent("close", { code: 1006 })));
  }

  close(): void {}
}

function hideToken(name: string, value: unknown): unknown {
  return name === "token" ? HIDDEN : value;
}

/** The events in a frame, which may be an array of them. */
function titleOf(frame: string): string {
  const events = [JSON.parse(frame)].flat() as { event: string }[];
  return events.map(({ event }) => event).join(", ");
}
