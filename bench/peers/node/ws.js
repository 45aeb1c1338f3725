/**
 * Plain `ws` on Node: parse, number, serialise once, write to every socket.
 *
 * It does not: accounts, checks, storage, presence. The last hundred messages stay in memory.
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import { parseArgs } from "node:util";
// @ts-ignore -- Node resolves it, not Deno
import { WebSocketServer } from "ws";

const { values: options } = parseArgs({ options: { port: { type: "string", default: "3000" } } });
const rooms = new Map();
let users = 0;

const server = new WebSocketServer({
  port: Number(options.port),
  host: "127.0.0.1",
  backlog: 4096,
  perMessageDeflate: false,
});

server.on("connection", (socket) => {
  const sender = { id: `u${++users}`, username: `user${users}` };
  const joined = new Set();
  const handlers = { "message:send": send, "room:join": join, "connection:recover": recover };

  socket.on("message", (frame) => {
    const { event, data } = JSON.parse(frame.toString());
    handlers[event]?.(roomOf(data.roomId), data);
  });
  socket.on("close", () => {
    for (const room of joined) room.members.delete(socket);
  });
  socket.on("error", () => {});

  function send(room, { roomId, text, clientMessageId }) {
    const seq = ++room.seq;
    const id = seq.toString(16).padStart(24, "0");
    const createdAt = new Date();
    const message = JSON.stringify({ id, roomId, sender, text, seq, clientMessageId, createdAt });
    room.last.push(message);
    if (room.last.length > 100) room.last.splice(0, 50);
    const frame = Buffer.from(`{"event":"message:new","data":${message}}`);
    for (const member of room.members) member.send(frame, { binary: false });
    emit("message:ack", { clientMessageId, seq });
  }

  function join(room, { roomId }) {
    enter(room);
    emit("room:joined", { roomId, messages: [] });
  }

  function recover(room, { roomId, lastSeenSeq }) {
    enter(room);
    const missed = Math.min(room.seq - lastSeenSeq, room.last.length);
    const messages = missed > 0 ? room.last.slice(-missed).join(",") : "";
    const data = `{"roomId":"${roomId}","messages":[${messages}]}`;
    socket.send(`{"event":"connection:missed","data":${data}}`);
  }

  function enter(room) {
    room.members.add(socket);
    joined.add(room);
  }

  function emit(event, data) {
    socket.send(JSON.stringify({ event, data }));
  }
});

process.on("SIGTERM", () => process.exit(0));

function roomOf(id) {
  if (!rooms.has(id)) rooms.set(id, { members: new Set(), seq: 0, last: [] });
  return rooms.get(id);
}
