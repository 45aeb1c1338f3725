/** Every frame of a client's sockets, as it goes over the wire, and the means to break them. */

/** One frame, or what has become of a socket. */
export interface Record {
  number: number;
  direction: "sent" | "received" | "note";
  /** The event's name, or what happened. */
  title: string;
  /** The frame, laid out to be read. */
  text: string;
}

const MAX_RECORDS = 300;
/** Instead of the token: a picture of this page may end anywhere. */
const HIDDEN = "…";

export class FrameLog {
  /** Oldest first. */
  readonly records: Record[] = [];
  readonly #onChange: () => void;
  #sockets = new Set<WebSocket>();
  #count = 0;
  #offline = false;
  #spoils = false;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** To be used by the client instead of the global one. */
  get WebSocket(): typeof WebSocket {
    const open = (url: string | URL, protocols?: string[]) => this.#open(url, protocols);
    return function (url: string | URL, protocols?: string[]) {
      return open(url, protocols);
    } as unknown as typeof WebSocket;
  }

  /** Takes the network away, or gives it back. */
  set offline(offline: boolean) {
    this.#offline = offline;
    this.#add("note", offline ? "network gone" : "network back");
    if (offline) this.kill();
  }

  /** Ends the connection as a broken network does: nobody says goodbye. */
  kill(): void {
    for (const socket of this.#sockets) {
      socket.dispatchEvent(new CloseEvent("close", { code: 1006 }));
      socket.close();
    }
  }

  /** Comes back with a token that the server refuses, as it does an expired one. */
  spoilToken(): void {
    this.#spoils = true;
    this.#add("note", "the token is no good any more");
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
    this.records.push({ number: ++this.#count, direction, title, text });
    if (this.records.length > MAX_RECORDS) this.records.shift();
    this.#onChange();
  }
}

/** A socket that finds no network. */
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
