/** How long a message takes from its sender to another socket, while something else goes on. */
import { register } from "./servers.ts";

const INTERVAL_MS = 20;

/** Two people in a room, one of whom sends every 20 ms. */
export class Chat {
  readonly #sockets: WebSocket[];
  readonly #roomId: string;
  #delays: number[] = [];

  private constructor(sockets: WebSocket[], roomId: string) {
    this.#sockets = sockets;
    this.#roomId = roomId;
    sockets[1]!.onmessage = ({ data }) => {
      const { event, data: { message } } = JSON.parse(data);
      if (event === "message:new") this.#delays.push(performance.now() - Number(message.text));
    };
  }

  static async open(url: string): Promise<Chat> {
    const tokens = [(await register(url, 1_000)).token, (await register(url, 1_001)).token];
    const answer = await fetch(`${url}/rooms`, {
      method: "POST",
      headers: { authorization: `Bearer ${tokens[0]}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "Bench" }),
    });
    const { room } = await answer.json();
    return new Chat(await Promise.all(tokens.map((token) => join(url, token, room.id))), room.id);
  }

  /** Sends while `work` lasts; resolves with the delays of what was delivered, sorted. */
  async during(work: Promise<unknown>): Promise<number[]> {
    this.#delays = [];
    const data = () => ({ roomId: this.#roomId, text: String(performance.now()) });
    const timer = setInterval(
      () => this.#sockets[0]!.send(JSON.stringify({ event: "message:send", data: data() })),
      INTERVAL_MS,
    );
    await work.finally(() => clearInterval(timer));
    return this.#delays.toSorted((a, b) => a - b);
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}

async function join(url: string, token: string, roomId: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`);
  const send = (event: string, data: object) => socket.send(JSON.stringify({ event, data }));
  await new Promise<void>((resolve, reject) => {
    socket.onerror = () => reject(new Error("the socket failed"));
    socket.onopen = () => send("auth:identify", { token });
    socket.onmessage = ({ data }) => {
      const { event } = JSON.parse(data);
      if (event === "auth:ok") send("room:join", { roomId });
      if (event === "room:joined") resolve();
    };
  });
  socket.onmessage = null;
  return socket;
}
