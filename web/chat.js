/** The rooms that a user has open: joining, catching up, sending, typing. */
import { Connection } from "./connection.js";
import { Room } from "./room.js";

const HISTORY_PAGE = 50;
/** How many rooms one `connection:recover` may name. */
const ROOMS_A_RECOVERY = 100;
const RECOVERY_RETRY_MS = 2_000;
/** The server lets typing end 6 s after the last start. */
const TYPING_REPEAT_MS = 3_000;
const NOTICE_MS = 10_000;

export class Chat {
  /** Open rooms by id. @type {Map<string, Room>} */
  rooms = new Map();
  /** The one that is looked at. @type {Room | null} */
  shown = null;
  /** What the last reconnect or refusal has to say. */
  notice = "";

  #session;
  #onChange;
  #wanted = "";
  #caughtUp = 0;
  #typingSince = 0;
  #noticeTimer;

  /**
   * @param {import("./session.js").Session} session
   * @param {() => void} onChange called after anything that can be seen has changed
   */
  constructor(session, onChange) {
    this.#session = session;
    this.#onChange = onChange;
    this.connection = new Connection(session, this);
  }

  /** Forgets everything, for the next user. */
  close() {
    this.rooms.clear();
    this.shown = null;
    this.#wanted = "";
    this.notice = "";
    this.connection.stop();
  }

  /** Opens a room, or shows one that is open; an empty name shows none. */
  show(idOrSlug) {
    this.stopTyping();
    this.#wanted = idOrSlug;
    this.shown = [...this.rooms.values()].find((room) => this.#isWanted(room)) ?? null;
    if (this.shown) this.shown.unread = 0;
    this.#onChange();
    // Joining before it has caught up would skip entries; it is joined again afterwards.
    if (idOrSlug && (!this.shown || this.shown.live)) this.#join(idOrSlug);
  }

  async loadOlder(room) {
    const first = room.timeline.find(({ id }) => id);
    const path = `/rooms/${room.id}/messages?limit=${HISTORY_PAGE}&before=${first.id}`;
    const { messages, hasMore } = await this.#session.request("GET", path);
    messages.forEach((message) => room.store(message));
    room.hasOlder = hasMore;
    this.#onChange();
  }

  send(room, text) {
    // The server ends it when the message arrives.
    this.#typingSince = 0;
    this.#transmit(room, room.draft(this.#session.user, text, newId()));
  }

  retry(room, entry) {
    room.settle(entry.key, { state: "sending" });
    this.#transmit(room, entry);
  }

  typing(room) {
    if (!room.live || Date.now() - this.#typingSince < TYPING_REPEAT_MS) return;
    this.#typingSince = Date.now();
    this.connection.emit("typing:start", { roomId: room.id });
  }

  stopTyping() {
    if (this.#typingSince === 0) return;
    this.#typingSince = 0;
    if (this.shown?.live) this.connection.emit("typing:stop", { roomId: this.shown.id });
  }

  /** Has a notice shown for a while. */
  say(notice) {
    this.notice = notice;
    clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => this.#hush(), NOTICE_MS);
    this.#onChange();
  }

  // What the connection reports.

  onState() {
    if (this.connection.state.name !== "online") this.rooms.forEach((room) => room.suspend());
    this.#onChange();
  }

  onReady() {
    this.notice = "";
    this.#caughtUp = 0;
    this.#typingSince = 0;
    this.#recover();
    this.show(this.#wanted);
  }

  onEvent(event, data) {
    const room = this.rooms.get(data.roomId);
    if (event === "error") this.#refused(data, room);
    else if (room) this.#take(event, data, room);
    this.#onChange();
  }

  #take(event, data, room) {
    switch (event) {
      case "message:new":
        if (room.received(data.seq, data.message) && room !== this.shown) room.unread++;
        break;
      case "connection:missed":
        this.#catchUp(room, data);
        break;
      case "presence:update":
        room.attended(data);
        break;
      case "typing:update":
        room.typed(data);
    }
  }

  #catchUp(room, page) {
    const added = room.missed(page);
    this.#caughtUp += added;
    if (room !== this.shown) room.unread += added;
    if (page.hasMore) return this.#recover([room]);
    if (page.reset) this.say("The server went back in time; this is what it has now.");
    else if (this.#caughtUp > 0) this.say(caughtUpOn(this.#caughtUp));
    room.unacknowledged.forEach((entry) => this.#transmit(room, entry));
    // Only those who join are told who is online.
    if (room === this.shown) this.#join(room.id);
  }

  async #join(idOrSlug) {
    try {
      const answer = await this.connection.request("room:join", { roomId: idOrSlug });
      const room = this.rooms.get(answer.room.id) ?? new Room(answer.room);
      this.rooms.set(room.id, room);
      room.joined(answer);
      if (this.#isWanted(room)) this.shown = room;
    } catch (error) {
      // Of a lost connection the state tells, and it is joined once there is a new one.
      if (error.code !== "disconnected") this.say(error.message);
    }
    this.#onChange();
  }

  #hush() {
    this.notice = "";
    this.#onChange();
  }

  /** The address of the page may name a room either way. */
  #isWanted({ id, info }) {
    return this.#wanted === id || this.#wanted === info.slug;
  }

  #recover(rooms = [...this.rooms.values()].filter(({ live }) => !live)) {
    const cursors = rooms.map(({ id, cursor }) => ({ roomId: id, lastSeenSeq: cursor }));
    for (let i = 0; i < cursors.length; i += ROOMS_A_RECOVERY) {
      const part = cursors.slice(i, i + ROOMS_A_RECOVERY);
      this.connection.emit("connection:recover", { rooms: part });
    }
  }

  async #transmit(room, entry) {
    this.#onChange();
    const { text, clientMessageId } = entry;
    const message = { roomId: room.id, text, clientMessageId };
    try {
      const { id, seq, createdAt } = await this.connection.request("message:send", message);
      room.settle(entry.key, { id, seq, createdAt, state: "sent" });
    } catch (error) {
      // Whether it arrived is not known: it is sent again, with the same id, after the recovery.
      if (error.code === "disconnected") return;
      room.settle(entry.key, { state: "failed", error: error.message });
    }
    this.#onChange();
  }

  #refused({ event, code, message, retryAfter }, room) {
    this.say(message);
    if (event !== "connection:recover") return;
    if (code === "room_not_found" && room) return this.rooms.delete(room.id);
    const delay = retryAfter ? retryAfter * 1000 : RECOVERY_RETRY_MS;
    setTimeout(() => this.#recover(), delay);
  }
}

function caughtUpOn(count) {
  return `Caught up on ${count} ${count === 1 ? "message" : "messages"}.`;
}

/** As `crypto.randomUUID`, which browsers have on https and localhost only. */
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
