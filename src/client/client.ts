/** A server as an app sees it: who is signed in, the connection, rooms, and messages on their way. */
import type { SignedIn } from "../protocol/wire/auth.ts";
import type { MentionServerEvents } from "../protocol/wire/mentions.ts";
import type { PublicUser, User } from "../protocol/wire/users.ts";
import { type Account, Api, type Credentials, type ProfileChanges } from "./api.ts";
import { Tokens } from "./tokens.ts";
import { Connection, type ConnectionState } from "./connection.ts";
import { type Draft, Outbox } from "./outbox.ts";
import { outgoing } from "./outgoing_file.ts";
import { type ObservableRooms, RoomList } from "./room_list.ts";
import { JoinedRooms } from "./joined_rooms.ts";
import { ServerAddress } from "./address.ts";
import type { Ack, Action, Unsent, UnsentMessage } from "./commands.ts";
import { closed, type EchoRoomError, failure, signedOut, unreachable } from "./errors.ts";
import { handle } from "./events.ts";
import { Listeners } from "./listeners.ts";
import type { ServerFrame } from "./frames.ts";
import { type Observable, Observed } from "./observable.ts";
import { browserStorage, type ClientOptions } from "./options.ts";
import { inTime, isJson, newId, own } from "./platform.ts";
import type { Room, RoomEventHandler, RoomEvents, SendOptions } from "./room.ts";
import { TIMING, type Timing } from "./timing.ts";
import { hasUploads, type OutboxStorage } from "./unsent_store.ts";
import type { Uploads } from "./uploads.ts";

/** How a room is joined. */
export interface JoinOptions {
  /** Whether the user counts as being there; true if not given. */
  present?: boolean;
}

/** A message that concerns the user. */
export type MentionHint = MentionServerEvents["mention:new"];

/**
 * Makes a client of the server at `url`. It does nothing before it connects or signs in.
 * @throws {EchoRoomError} if the URL is not an http or https URL, or if the runtime has no WebSocket
 *   or no fetch and the options have none
 *
 * @example
 * ```ts
 * import { createClient } from "@echoroom/client";
 *
 * const client = createClient("https://chat.example.com");
 * const ada = { email: "ada@example.com", password: "correct horse", displayName: "Ada" };
 * await client.login(ada).catch(() => client.register(ada));
 * await client.api.readRoom("general").catch(() => client.api.createRoom({ name: "General" }));
 *
 * const room = client.join("general");
 * room.messages.subscribe(() => {
 *   const last = room.messages.get().at(-1);
 *   console.log(last?.text, last?.state);
 * });
 * await room.send("Hello"); // resolves once the message is durable
 * ```
 */
export function createClient(url: string | URL, options: ClientOptions = {}): Client {
  return new Client(url, options);
}

/** One user's client; made by {@linkcode createClient}. */
export class Client {
  /** The REST routes; calls that need a token get one that has not expired. */
  readonly api: Api;
  /** The state of the connection. */
  readonly connection: Observable<ConnectionState>;
  /** The user who is signed in; null if there is none, or none is known yet. */
  readonly user: Observable<User | null>;

  /**
   * All rooms, by name, then direct ones, with what is unread; null until they are known. The list is
   * read while it has subscribers, which also keeps own rooms joined, without presence.
   */
  readonly rooms: ObservableRooms;

  readonly #tokens: Tokens;
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #rooms: JoinedRooms;
  readonly #roomList: RoomList;
  readonly #address: ServerAddress;
  readonly #options: ClientOptions & { storage: OutboxStorage | null };
  readonly #timing: Timing;
  readonly #mentions = new Listeners<[MentionHint]>();
  readonly #observedUser = new Observed(() => this.#user);
  #user: User | null = null;
  /** Of this session; null before the first file. */
  #uploads: Uploads | null = null;
  /** Callers that wait for the user. */
  #userWaiters: { resolve(user: User): void; reject(error: EchoRoomError): void }[] = [];
  /** Is there once a message with files has come. */
  #loading: Promise<Uploads> | null = null;
  /** The messages with files that came before the code for them, and what changes or answers these. */
  readonly #early = new Set<string | undefined>();
  #closed = false;
  /** Counts beginnings and ends of sessions: answers to requests made before are ignored. */
  #sessions = 0;

  /** @ignore */
  constructor(url: string | URL, options: ClientOptions) {
    this.#address = new ServerAddress(url);
    const timing = this.#timing = { ...TIMING, ...options.timing };
    this.#tokens = new Tokens(() => this.#fetchToken());
    this.api = new Api({
      address: this.#address,
      fetch: options.fetch ?? own("fetch"),
      tokens: this.#tokens,
      timing,
      onRoom: () => {
        this.#rooms.retry();
        this.#roomList.reload();
      },
    });
    this.#connection = new Connection({
      address: this.#address,
      WebSocket: options.WebSocket ?? own("WebSocket"),
      tokens: this.#tokens,
      timing,
      onState: () => this.#onState(),
      onUser: (user) => this.#takeUser(user),
      onEvent: (frame) => this.#receive(frame),
      // Any room's answer will do; the rooms take turns, so that a gap in any is found.
      onSilence: () => this.#rooms.checkNext() || this.#connection.identify(),
    });
    const { storage = browserStorage() } = options;
    this.#options = { ...options, storage };
    this.#outbox = new Outbox({
      api: this.api,
      connection: this.#connection,
      report: (unsent, progress) => this.#rooms.report(unsent, progress),
    }, storage);
    this.#rooms = new JoinedRooms({
      api: this.api,
      connection: this.#connection,
      timing,
      perform: (room, action, files) => this.#perform(room, action, files),
      self: () => this.#user && publicOf(this.#user),
      unsent: (room) => this.#unsent(room),
    });
    this.rooms = this.#roomList = new RoomList({
      api: this.api,
      connection: this.#connection,
      join: (id) => this.#rooms.join(id, false),
      onUser: (user) => this.#setUser(user),
    });
    this.connection = this.#connection.state;
    this.user = this.#observedUser;
  }

  /**
   * Connects, and stays connected: with the session that the browser's cookie holds, or the token
   * that the app gives. If there is none the state becomes `signed_out`. Also ends the wait for the
   * next attempt.
   */
  connect(): void {
    const { status } = this.connection.get();
    if (this.#closed) return;
    if (status !== "online" && status !== "connecting") this.#connection.start();
  }

  /** Ends the connection; rooms and unsent messages stay for the next `connect()`. */
  disconnect(): void {
    // While there still is a connection: what was read and waits for its pause is sent.
    this.#rooms.suspend();
    this.#connection.stop({ status: "idle" });
  }

  /** Ends the connection for good. Sends that are not acked throw `closed`; what is stored stays. */
  close(): void {
    this.#closed = true;
    this.disconnect();
    this.#forget(closed());
  }

  /** Makes an account, signs in and connects. */
  register(account: Account): Promise<User> {
    return this.#signIn(() => this.api.register(account));
  }

  /** Signs in and connects. */
  login(credentials: Credentials): Promise<User> {
    return this.#signIn(() => this.api.login(credentials));
  }

  /**
   * Ends the session here and in all tabs: the one that this browser's cookie holds now. Messages
   * that are not acked are thrown away: the next user of this browser must not find them. With
   * tokens from the app's own backend the session itself is that backend's to end.
   * @throws {EchoRoomError} if the server cannot be reached: then the session goes on
   */
  async logout(): Promise<void> {
    const owner = this.#owner;
    await this.api.logout();
    const erased = owner && Promise.all([this.#outbox.erase(owner), this.#uploads?.erase()]);
    this.#connection.stop({ status: "signed_out", reason: "" });
    await erased;
  }

  /** Changes the user's own profile. */
  updateMe(changes: ProfileChanges): Promise<User> {
    return this.#changeUser(this.api.updateMe(changes));
  }

  /**
   * Makes the middle of a picture the user's avatar; null for none.
   * @throws {EchoRoomError} `unsupported_media_type` or `file_too_large`, if it is no picture, or too
   *   large: more than 10 MiB or 50 megapixels
   */
  setAvatar(picture: Blob | null): Promise<User> {
    return this.#changeUser(this.api.setAvatar(picture));
  }

  /**
   * The address of a file for `<img>`, `<video>` and links: with a token that is good for 10 minutes,
   * from which on it has to be asked for again. It shows what the user may read when it is used.
   * @param path a file's `url` or `thumbnailUrl`
   */
  async fileUrl(path: string): Promise<string> {
    return (await (this.#loading ?? this.#loadUploads())).urlOf(path);
  }

  /**
   * Joins a room now, or as soon as there is a connection, and after every loss again. A room that
   * the server refuses is asked for again, too: it may be made later.
   * @param idOrSlug the same name always gets the same handle, until it was left as often
   * @param options.present false for a room that is not on the screen: it is kept current, without
   *   presence and typing, and the user does not count as being there
   */
  join(idOrSlug: string, { present = true }: JoinOptions = {}): Room {
    return this.#rooms.join(idOrSlug, present);
  }

  /**
   * Subscribes to the events of one name in all joined rooms. A room that is joined under two names
   * counts once.
   * @param handler gets what {@linkcode RoomEvents} says, as that of `room.on()`
   * @returns ends the subscription
   */
  on<T extends keyof RoomEvents>(type: T, handler: RoomEventHandler<T>): () => void {
    return handle(this.#rooms.events, type, handler);
  }

  /**
   * Calls a function when somebody names the user, answers them, or writes to them alone, in a room that
   * is joined or not: a hint, which is not repeated after an absence.
   * @returns ends the subscription
   */
  onMention(handler: (mention: MentionHint) => void): () => void {
    return this.#mentions.add(handler);
  }

  #receive(frame: ServerFrame): void {
    const { event, data } = frame;
    if (event === "account:item") this.#roomList.receive(data.item);
    else if (event === "mention:new") {
      this.#roomList.mentioned(data.roomId);
      this.#mentions.call(data);
    } else this.#rooms.receive(frame);
  }

  async #signIn(call: () => Promise<SignedIn>): Promise<User> {
    if (this.#closed) throw closed();
    const { user, accessToken } = await call();
    if (this.#closed) throw closed();
    this.#sessions++;
    this.#tokens.set(accessToken);
    if (this.#user && this.#user.id !== user.id) this.#forget(signedOut());
    this.#setUser(user);
    this.#connection.start();
    return user;
  }

  /** Takes the user of the session. Returns false for another than before, whose data must not mix. */
  #takeUser(user: User): boolean {
    if (this.#user && this.#user.id !== user.id) {
      const reason = "Somebody else has signed in.";
      this.#connection.stop({ status: "signed_out", reason });
      return false;
    }
    this.#setUser(user);
    return true;
  }

  async #changeUser(change: Promise<User>): Promise<User> {
    const session = this.#sessions;
    const user = await change;
    if (session === this.#sessions && this.#user?.id === user.id) this.#setUser(user);
    return user;
  }

  #setUser(user: User): User {
    this.#user = user;
    this.#observedUser.changed();
    this.#outbox.open(this.#owner!);
    if (hasUploads(this.#options.storage)) {
      (this.#loading ?? this.#loadUploads()).then((each) => each.resume()).catch(() => {});
    }
    for (const { resolve } of this.#userWaiters.splice(0)) resolve(user);
    return user;
  }

  /** The server and user under which unsent messages are stored; null while there is no user. */
  get #owner(): string | null {
    return this.#user && `${this.#address.host}:${this.#user.id}`;
  }

  /** Ends the session: forgets the user and their rooms. */
  #forget(error: EchoRoomError): void {
    this.#sessions++;
    this.#user = null;
    this.#observedUser.changed();
    this.#outbox.close(error);
    this.#uploads?.close(error);
    this.#uploads = this.#loading = null;
    this.#early.clear();
    for (const { reject } of this.#userWaiters.splice(0)) reject(error);
    this.#roomList.end();
    this.#rooms.end();
  }

  async #fetchToken(): Promise<string> {
    const ask = this.#options.token;
    if (ask) {
      // The app's function may throw anything, and its promise may never settle.
      const token = await inTime(this.#timing.answerMs, () => ask()).catch(() => {
        throw unreachable("The app could not get a token.");
      });
      if (!token) throw signedOut();
      return token;
    }
    const session = this.#sessions;
    const answer = await this.api.refresh().catch((error: EchoRoomError) => {
      if (error.code === "account_banned") throw signedOut(error.message);
      throw error.status === 401
        ? signedOut(this.#user ? undefined : "Nobody is signed in.")
        : error;
    });
    if (session !== this.#sessions) throw this.#closed ? closed() : signedOut();
    if (!this.#takeUser(answer.user)) throw signedOut("Somebody else has signed in.");
    return answer.accessToken;
  }

  #onState(): void {
    const { status } = this.connection.get();
    this.#outbox.online = status === "online";
    if (status === "online") {
      this.#rooms.enter();
      this.#roomList.reload();
    } else this.#rooms.suspend();
    if (status === "signed_out") {
      this.#tokens.clear();
      this.#forget(signedOut());
    }
  }

  async #perform(
    room: Room,
    action: Action,
    files: SendOptions["files"] = [],
  ): Promise<Ack | null> {
    if (this.#closed) throw closed();
    if (!isJson(action)) throw failure("validation_failed", "The metadata is not JSON.");
    // The user decides under which key it is stored and as whose it is shown.
    if (!this.#user) await this.#waitForUser();
    const draft: Draft = { clientMessageId: newId(), ...action, room: room.id };
    if (files.length > 0) {
      const createdAt = new Date().toISOString();
      const message = Object.assign(draft, { files: files.map(outgoing), createdAt });
      this.#rooms.report(message as UnsentMessage, { state: "queued" });
    }
    const { clientMessageId, sendId } = draft;
    if (!this.#uploads && (files.length > 0 || this.#early.has(sendId))) {
      this.#early.add(clientMessageId);
      await (this.#loading ??= this.#loadPatiently());
    }
    return await (this.#uploads?.take(draft) ?? this.#outbox.add(draft));
  }

  /** Only with a connection: without a network it fails, and some browsers do not try twice. */
  async #loadPatiently(): Promise<Uploads> {
    const session = this.#sessions;
    for (;;) {
      if (!this.#connection.isOnline) await this.#waitForUser();
      else {
        const uploads = await this.#loadUploads(session).catch((error: EchoRoomError) => {
          if (error.code !== "unreachable") throw error;
        });
        if (uploads) return uploads;
        await new Promise((resolve) => setTimeout(resolve, this.#timing.longestRetryMs));
      }
    }
  }

  /** Loaded when it is first needed: most pages never send a file. */
  async #loadUploads(session = this.#sessions): Promise<Uploads> {
    const code = await import("./uploads.ts").catch(() => null);
    if (session !== this.#sessions) throw this.#closed ? closed() : signedOut();
    if (!code) throw unreachable();
    return this.#uploads ??= new code.Uploads({
      api: this.api,
      connection: this.#connection,
      outbox: this.#outbox,
      rooms: this.#rooms,
      base: this.#address.base,
      options: this.#options,
      timing: this.#timing,
      owner: this.#owner,
    });
  }

  #waitForUser(): Promise<User> {
    if (this.connection.get().status === "signed_out") return Promise.reject(signedOut());
    return new Promise((resolve, reject) => this.#userWaiters.push({ resolve, reject }));
  }

  #unsent(room: Room): Unsent[] {
    const info = room.info.get();
    for (const name of info ? [room.name, info.slug] : []) this.#outbox.resolve(name, room.id);
    return [...this.#outbox.waiting(room.id), ...this.#uploads?.waiting(room) ?? []];
  }
}

function publicOf({ id, displayName, avatarUrl }: User): PublicUser {
  return { id, displayName, avatarUrl };
}
