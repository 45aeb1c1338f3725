/** The two storages of the Express server, with one interface: Mongoose, and plain objects. */
// @ts-ignore -- Node resolves it, not Deno
import mongoose, { Schema } from "mongoose";

/** What such a server uses: one document for each message, with the driver's default write concern. */
export async function mongooseStorage(url) {
  const User = mongoose.model(
    "User",
    new Schema({
      username: { type: String, required: true, unique: true, trim: true },
      email: { type: String, required: true, unique: true, lowercase: true },
      password: { type: String, required: true, select: false },
    }, { timestamps: true }),
  );
  const Room = mongoose.model(
    "Room",
    new Schema({
      name: { type: String, required: true, trim: true },
      owner: { type: Schema.Types.ObjectId, ref: "User", required: true },
    }, { timestamps: true }),
  );
  const messageSchema = new Schema({
    roomId: { type: Schema.Types.ObjectId, ref: "Room", required: true },
    sender: { type: Schema.Types.ObjectId, ref: "User", required: true },
    text: { type: String, required: true, maxlength: 4000 },
    seq: { type: Number, required: true },
    clientMessageId: { type: String },
  }, { timestamps: { createdAt: true, updatedAt: false }, versionKey: false });
  messageSchema.index({ roomId: 1, seq: -1 });
  const Message = mongoose.model("Message", messageSchema);

  await mongoose.connect(url, { serverSelectionTimeoutMS: 20_000 });
  await Promise.all([User.init(), Room.init(), Message.init()]);

  return {
    createUser: (user) => User.create(user),
    findUserByEmail: (email) => User.findOne({ email }).select("+password"),
    findUserById: (id) => User.findById(id),
    createRoom: (name, owner) => Room.create({ name, owner }),
    findRoom: (id) => (mongoose.isValidObjectId(id) ? Room.findById(id).lean() : null),
    async lastSeq(roomId) {
      const last = await Message.findOne({ roomId }).sort({ seq: -1 }).lean();
      return last?.seq ?? 0;
    },
    async createMessage(draft) {
      const message = await Message.create(draft);
      return await message.populate("sender", "username");
    },
    async lastMessages(roomId, limit) {
      const newestFirst = Message.find({ roomId }).sort({ seq: -1 }).limit(limit);
      return (await newestFirst.populate("sender", "username").lean()).reverse();
    },
    messagesAfter(roomId, seq, limit) {
      const later = Message.find({ roomId, seq: { $gt: seq } }).sort({ seq: 1 }).limit(limit);
      return later.populate("sender", "username").lean();
    },
  };
}

/** In memory, without waiting: the server's own cost alone. */
export function memoryStorage() {
  let count = 0;
  const nextId = () => (++count).toString(16).padStart(24, "0");
  const users = new Map(), emails = new Map(), rooms = new Map(), logs = new Map();
  const logOf = (roomId) => logs.get(roomId) ?? logs.set(roomId, []).get(roomId);
  return {
    // deno-lint-ignore require-await -- as asynchronous as the other storage
    async createUser({ username, email, password }) {
      if (emails.has(email)) throw Object.assign(new Error("duplicate"), { code: 11000 });
      const user = { _id: nextId(), username, email, password };
      users.set(user._id, user);
      emails.set(email, user);
      return user;
    },
    findUserByEmail: (email) => Promise.resolve(emails.get(email) ?? null),
    findUserById: (id) => Promise.resolve(users.get(id) ?? null),
    createRoom(name, owner) {
      const room = { _id: nextId(), name, owner, createdAt: new Date() };
      rooms.set(room._id, room);
      return Promise.resolve(room);
    },
    findRoom: (id) => Promise.resolve(rooms.get(id) ?? null),
    lastSeq: (roomId) => Promise.resolve(logOf(roomId).at(-1)?.seq ?? 0),
    createMessage(draft) {
      const { _id, username } = users.get(draft.sender);
      const message = { _id: nextId(), ...draft, sender: { _id, username }, createdAt: new Date() };
      const log = logOf(draft.roomId);
      log.push(message);
      // Without a bound long runs would measure a growing heap.
      if (log.length > 1000) log.splice(0, 500);
      return Promise.resolve(message);
    },
    lastMessages: (roomId, limit) => Promise.resolve(logOf(roomId).slice(-limit)),
    messagesAfter(roomId, seq, limit) {
      const later = logOf(roomId).filter((message) => message.seq > seq);
      return Promise.resolve(later.slice(0, limit));
    },
  };
}
