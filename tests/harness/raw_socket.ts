/** A WebSocket client at the byte level, to send what no correct client would. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameOptions {
  opcode?: number;
  /** Whether the message ends with this frame. */
  final?: boolean;
  masked?: boolean;
}

export interface RawFrame {
  opcode: number;
  payload: Uint8Array;
}

export class RawSocket {
  /** The server's answer to the handshake, headers and all. */
  readonly answer: string;
  readonly #tcp: Deno.TcpConn;
  #unread: Uint8Array;
  #dropped = false;

  private constructor(tcp: Deno.TcpConn, answer: string, unread: Uint8Array) {
    this.#tcp = tcp;
    this.answer = answer;
    this.#unread = unread;
  }

  /** Connects and sends the handshake; `headers` replace those of a correct one. */
  static async open(serverUrl: string, headers: Record<string, string> = {}): Promise<RawSocket> {
    const { hostname, port, host } = new URL(serverUrl);
    const tcp = await Deno.connect({ hostname, port: Number(port) });
    const all = {
      Host: host,
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    await writeAll(tcp, encoder.encode(`GET /ws HTTP/1.1\r\n${lines.join("")}\r\n`));
    let received = new Uint8Array();
    while (true) {
      const end = decoder.decode(received).indexOf("\r\n\r\n");
      if (end >= 0) {
        const answer = decoder.decode(received.subarray(0, end));
        return new RawSocket(tcp, answer, received.slice(end + 4));
      }
      const more = await readSome(tcp);
      if (!more) throw new Error("the server ended the handshake");
      received = concat(received, more);
    }
  }

  /** Sends one event as a correct client does. */
  sendEvent(event: string, data: unknown, ref?: string): Promise<void> {
    return this.sendFrame(JSON.stringify({ event, data, ref }));
  }

  sendFrame(payload: string | Uint8Array, options: FrameOptions = {}): Promise<void> {
    return this.sendBytes(encodeFrame(payload, options));
  }

  sendBytes(bytes: Uint8Array): Promise<void> {
    return writeAll(this.#tcp, bytes);
  }

  /** Reads the next frame; null once the connection has ended. */
  async read(): Promise<RawFrame | null> {
    while (true) {
      const frame = decodeFrame(this.#unread);
      if (frame) {
        this.#unread = this.#unread.subarray(frame.length);
        return frame;
      }
      const more = await readSome(this.#tcp);
      if (!more) return null;
      this.#unread = concat(this.#unread, more);
    }
  }

  /** Reads up to the event of this name and returns its data. */
  async readEvent(name: string) {
    while (true) {
      const frame = await this.read();
      if (!frame) throw new Error(`the connection ended before ${name}`);
      if (frame.opcode !== OPCODE.text) continue;
      const { event, data } = JSON.parse(decoder.decode(frame.payload));
      if (event === name) return data;
    }
  }

  /** Reads to the end of the connection; the code of the close frame, null if there was none. */
  async readToEnd(): Promise<number | null> {
    let code = null;
    while (true) {
      const frame = await this.read();
      if (!frame) return code;
      if (frame.opcode !== OPCODE.close) continue;
      code = new DataView(frame.payload.buffer, frame.payload.byteOffset).getUint16(0);
      await this.sendFrame(frame.payload, { opcode: OPCODE.close }).catch(() => {});
    }
  }

  /** Ends the TCP connection without a close frame. */
  drop(): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#tcp.close();
  }
}

/** The bytes of one frame; a client's are masked, here with zeros. */
export function encodeFrame(
  payload: string | Uint8Array,
  { opcode = OPCODE.text, final = true, masked = true }: FrameOptions = {},
): Uint8Array {
  const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
  return concat(encodeHeader(bytes.length, { opcode, final, masked }), bytes);
}

/** The header of a frame that says its payload has `length` bytes. */
export function encodeHeader(
  length: number,
  { opcode = OPCODE.text, final = true, masked = true }: FrameOptions = {},
): Uint8Array {
  const first = (final ? 0x80 : 0) | opcode;
  const mask = masked ? 0x80 : 0;
  const sizes = length < 126
    ? [mask | length]
    : length < 65_536
    ? [mask | 126, length >> 8, length & 255]
    : [mask | 127, ...new Uint8Array(new BigUint64Array([BigInt(length)]).buffer).reverse()];
  return new Uint8Array([first, ...sizes, ...(masked ? [0, 0, 0, 0] : [])]);
}

/** The first frame in `bytes` and its length with the header; null if it is not whole. */
function decodeFrame(bytes: Uint8Array): RawFrame & { length: number } | null {
  if (bytes.length < 2) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const short = bytes[1]! & 0x7f;
  const header = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < header) return null;
  const size = short < 126
    ? short
    : short === 126
    ? view.getUint16(2)
    : Number(view.getBigUint64(2));
  const length = header + size;
  if (bytes.length < length) return null;
  return { opcode: bytes[0]! & 15, payload: bytes.slice(header, length), length };
}

async function readSome(tcp: Deno.TcpConn): Promise<Uint8Array | null> {
  const buffer = new Uint8Array(64 * 1024);
  // A connection that the server resets has ended as well.
  const count = await tcp.read(buffer).catch(() => null);
  return count === null ? null : buffer.subarray(0, count);
}

async function writeAll(tcp: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  while (bytes.length > 0) bytes = bytes.subarray(await tcp.write(bytes));
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
