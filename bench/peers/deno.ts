/**
 * Bare `Deno.serve` and `Deno.upgradeWebSocket`: parse, number, serialise once, write to every
 * socket. What EchoRoom's runtime costs without EchoRoom.
 *
 * It does not: accounts, checks, storage, presence. The last hundred messages stay in memory.
 */
import { parseArgs } from "node:util";

interface Room {
  members: Set<WebSocket>;
  seq: number;
  last: string[];
}

interface Data {
  roomId: string;
  text: string;
  clientMessageId: string;
  lastSeenSeq: number;
}

const { values: options } = parseArgs({ options: { port: { type: "string", default: "3000" } } });
const rooms = new Map<string, Room>();
let users = 0;

Deno.serve({ port: Number(options.port), hostname: "127.0.0.1", onListen: () => {} }, (request) => {
  if (request.headers.get("upgrade") !== "websocket") return new Response("WebSockets only");
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 120 });
  attend(socket);
  return response;
});
Deno.addSignalListener("SIGTERM", () => Deno.exit(0));

function attend(socket: WebSocket): void {
  const sender = { id: `u${++users}`, username: `user${users}` };
  const joined = new Set<Room>();
  const handlers: Record<string, (room: Room, data: Data) => void> = {
    "message:send": send,
    "room:join": join,
    "connection:recover": recover,
  };

  socket.onmessage = (frame) => {
    const { event, data } = JSON.parse(frame.data);
    handlers[event]?.(roomOf(data.roomId), data);
  };
  socket.onclose = () => {
    for (const room of joined) room.members.delete(socket);
  };
  socket.onerror = () => {};

  function send(room: Room, { roomId, text, clientMessageId }: Data): void {
    const seq = ++room.seq;
    const id = seq.toString(16).padStart(24, "0");
    const createdAt = new Date();
    const message = JSON.stringify({ id, roomId, sender, text, seq, clientMessageId, createdAt });
    room.last.push(message);
    if (room.last.length > 100) room.last.splice(0, 50);
    const frame = `{"event":"message:new","data":${message}}`;
    for (const member of room.members) {
      if (member.readyState === WebSocket.OPEN) member.send(frame);
    }
    emit("message:ack", { clientMessageId, seq });
  }

  function join(room: Room, { roomId }: Data): void {
    enter(room);
    emit("room:joined", { roomId, messages: [] });
  }

  function recover(room: Room, { roomId, lastSeenSeq }: Data): void {
    enter(room);
    const missed = Math.min(room.seq - lastSeenSeq, room.last.length);
    const messages = missed > 0 ? room.last.slice(-missed).join(",") : "";
    const data = `{"roomId":"${roomId}","messages":[${messages}]}`;
    socket.send(`{"event":"connection:missed","data":${data}}`);
  }

  function enter(room: Room): void {
    room.members.add(socket);
    joined.add(room);
  }

  function emit(event: string, data: unknown): void {
    socket.send(JSON.stringify({ event, data }));
  }
}

function roomOf(id: string): Room {
  const room = rooms.get(id) ?? { members: new Set(), seq: 0, last: [] };
  rooms.set(id, room);
  return room;
}
