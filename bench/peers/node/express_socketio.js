/**
 * The server that EchoRoom replaces: Express 5, Mongoose and Socket.IO 4 on Node, as usually written.
 *
 * It does: accounts (bcryptjs at cost 10), tokens (jsonwebtoken), rooms, messages with numbers,
 * recovery. It does not: rate limits, checks of input by a schema, presence, sessions that can be
 * revoked, waiting for a majority of the database. With `--storage memory` it stores nothing
 * either, which favours it; with `--storage URL` it uses Mongoose.
 */
import { createServer } from "node:http";
import process from "node:process";
import { parseArgs } from "node:util";
// @ts-ignore -- Node resolves it, not Deno
import bcrypt from "bcryptjs";
// @ts-ignore -- Node resolves it, not Deno
import express from "express";
// @ts-ignore -- Node resolves it, not Deno
import jwt from "jsonwebtoken";
// @ts-ignore -- Node resolves it, not Deno
import { Server } from "socket.io";
import { memoryStorage, mongooseStorage } from "./express_storage.js";

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "3000" },
    storage: { type: "string", default: "memory" },
  },
});
const SECRET = "a secret for measurements only, of enough bytes";
const storage = options.storage === "memory"
  ? memoryStorage()
  : await mongooseStorage(options.storage);

// ---- REST ----

const app = express();
app.use(express.json());

app.post("/auth/register", async (request, response) => {
  const { username, email, password } = request.body ?? {};
  if (!username || !email || !password || password.length < 8) {
    return response.status(400).json({ error: "invalid input" });
  }
  try {
    const hash = await bcrypt.hash(password, 10);
    const user = await storage.createUser({ username, email, password: hash });
    response.status(201).json(signIn(user));
  } catch (error) {
    if (error.code !== 11000) throw error;
    response.status(409).json({ error: "already registered" });
  }
});

app.post("/auth/login", async (request, response) => {
  const { email, password } = request.body ?? {};
  const user = email && password ? await storage.findUserByEmail(email) : null;
  if (!user || !(await bcrypt.compare(password, user.password))) {
    return response.status(401).json({ error: "bad credentials" });
  }
  response.json(signIn(user));
});

app.post("/rooms", requireAuth, async (request, response) => {
  if (!request.body?.name) return response.status(400).json({ error: "name required" });
  const room = await storage.createRoom(request.body.name, request.user.sub);
  response.status(201).json({ room: { id: String(room._id), name: room.name } });
});

function signIn(user) {
  const claims = { sub: String(user._id), username: user.username };
  return { accessToken: jwt.sign(claims, SECRET, { expiresIn: "1h" }), user: publicUser(user) };
}

function publicUser({ _id, username, email }) {
  return { id: String(_id), username, email };
}

function requireAuth(request, response, next) {
  try {
    request.user = jwt.verify(
      (request.headers.authorization ?? "").slice("Bearer ".length),
      SECRET,
    );
  } catch {
    return response.status(401).json({ error: "unauthorized" });
  }
  next();
}

// ---- Socket.IO ----

const http = createServer(app);
const io = new Server(http, { transports: ["websocket"] });

/** Room id → a promise of its last number. */
const counters = new Map();

function counterOf(roomId) {
  if (!counters.has(roomId)) {
    counters.set(roomId, storage.lastSeq(roomId).then((value) => ({ value })));
  }
  return counters.get(roomId);
}

io.on("connection", (socket) => {
  const on = (event, handle) => {
    socket.on(event, async (data) => {
      try {
        await handle(data ?? {});
      } catch (error) {
        socket.emit("error:server", { event, message: error.message });
      }
    });
  };
  const onAsUser = (event, handle) => {
    on(event, (data) => {
      if (!socket.data.user) throw new Error("not identified");
      return handle(data);
    });
  };

  on("auth:identify", async ({ token }) => {
    const { sub } = jwt.verify(token, SECRET);
    const user = await storage.findUserById(sub);
    if (!user) throw new Error("unknown user");
    socket.data.user = publicUser(user);
    socket.emit("auth:identified", { user: socket.data.user });
  });

  onAsUser("room:join", async ({ roomId }) => {
    if (!await storage.findRoom(roomId)) throw new Error("no such room");
    socket.join(roomId);
    socket.emit("room:joined", { roomId, messages: await storage.lastMessages(roomId, 50) });
  });

  onAsUser("connection:recover", async ({ roomId, lastSeenSeq }) => {
    if (!await storage.findRoom(roomId)) throw new Error("no such room");
    socket.join(roomId);
    const messages = await storage.messagesAfter(roomId, Number(lastSeenSeq) || 0, 200);
    socket.emit("connection:missed", { roomId, messages });
  });

  onAsUser("message:send", async ({ roomId, text, clientMessageId }) => {
    if (!socket.rooms.has(roomId)) throw new Error("join the room first");
    if (typeof text !== "string" || !text || text.length > 4000) throw new Error("invalid text");
    const counter = await counterOf(roomId);
    const seq = ++counter.value;
    const sender = socket.data.user.id;
    const message = await storage.createMessage({ roomId, sender, text, seq, clientMessageId });
    io.to(roomId).emit("message:new", message);
    socket.emit("message:ack", { clientMessageId, messageId: String(message._id), seq });
  });
});

http.listen(Number(options.port), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
