/** What is known of one open room: its messages in order, who is here, and who types. */

/** Where messages stand that have no place in the log yet: after all others. */
const UNPLACED = Number.MAX_SAFE_INTEGER;

/**
 * @typedef {{id: string, displayName: string, avatarUrl: string | null}} PublicUser
 *
 * @typedef {object} Entry one line of the timeline
 * @property {string} key the same before and after a message is stored
 * @property {string} [id]
 * @property {number} seq
 * @property {PublicUser} sender
 * @property {string} text
 * @property {boolean} system
 * @property {string} clientMessageId
 * @property {string} createdAt
 * @property {"sending" | "sent" | "failed"} state
 * @property {string} [error]
 */

export class Room {
  /** The highest `seq` seen: where recovery goes on after a disconnection. */
  cursor = 0;
  /** Whether new entries arrive by themselves; not while disconnected or still catching up. */
  live = false;
  hasOlder = false;
  unread = 0;
  /** @type {number | null} null while nobody tells */
  onlineCount = null;
  /** @type {Map<string, PublicUser>} */
  online = new Map();
  /** @type {Map<string, PublicUser>} */
  typing = new Map();

  /** @type {Map<string, Entry>} */
  #entries = new Map();

  constructor(info) {
    this.info = info;
  }

  get id() {
    return this.info.id;
  }

  /** @returns {Entry[]} */
  get timeline() {
    return [...this.#entries.values()].sort((a, b) => a.seq - b.seq);
  }

  /** What has been sent and is neither acknowledged nor refused. */
  get unacknowledged() {
    return this.timeline.filter(({ state }) => state === "sending");
  }

  /** Takes the answer to `room:join`; a room that was open before keeps what it has. */
  joined({ room, messages, online, onlineCount, lastSeq }) {
    this.info = room;
    this.online = new Map(online.map((user) => [user.id, user]));
    this.onlineCount = onlineCount;
    if (this.cursor === 0) this.hasOlder = messages[0]?.seq > 1;
    messages.forEach((message) => this.store(message));
    this.cursor = Math.max(this.cursor, lastSeq);
    this.live = true;
  }

  /** Takes a page of what was missed. Returns how many messages are new here. */
  missed({ messages, lastSeq, hasMore, reset }) {
    if (reset) this.#forgetStored(messages);
    const added = messages.filter((message) => this.store(message)).length;
    this.cursor = lastSeq;
    this.live = !hasMore;
    return added;
  }

  /** Takes a live entry. Returns whether it is news. */
  received(seq, message) {
    if (seq <= this.cursor) return false;
    this.cursor = seq;
    this.typing.delete(message.sender.id);
    return this.store(message);
  }

  /** Puts in a message as it is now. Returns whether it was not there before. */
  store(message) {
    const key = keyOf(message.sender, message.clientMessageId);
    const isNew = !this.#entries.has(key);
    this.#entries.set(key, { ...message, key, state: "sent" });
    return isNew;
  }

  /** @returns {Entry} a message of one's own that is on its way */
  draft(sender, text, clientMessageId) {
    const key = keyOf(sender, clientMessageId);
    const createdAt = new Date().toISOString();
    const place = { key, seq: UNPLACED, createdAt, state: "sending" };
    const entry = { ...place, sender, text, system: false, clientMessageId };
    this.#entries.set(key, entry);
    return entry;
  }

  /** Changes what is known of a message that was sent from here. */
  settle(key, outcome) {
    const entry = this.#entries.get(key);
    if (entry) this.#entries.set(key, { ...entry, error: undefined, ...outcome });
  }

  attended({ joined, left, count }) {
    joined.forEach((user) => this.online.set(user.id, user));
    left.forEach((user) => this.online.delete(user.id));
    this.onlineCount = count;
  }

  typed({ user, isTyping }) {
    if (isTyping) this.typing.set(user.id, user);
    else this.typing.delete(user.id);
  }

  /** Nothing about others holds once the connection is lost. */
  suspend() {
    this.live = false;
    this.onlineCount = null;
    this.online.clear();
    this.typing.clear();
  }

  #forgetStored(messages) {
    for (const { key, id } of this.timeline) if (id) this.#entries.delete(key);
    this.hasOlder = messages[0]?.seq > 1;
  }
}

/** One sender never uses a `clientMessageId` twice in a room, so it names a message early. */
function keyOf(sender, clientMessageId) {
  return `${sender.id} ${clientMessageId}`;
}
