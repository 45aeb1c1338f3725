/** The REST routes of a server, as typed calls. */
import type { SignedIn } from "../protocol/wire/auth.ts";
import type { Problem } from "../protocol/wire/errors.ts";
import type { ServerEvents } from "../protocol/wire/events.ts";
import type { Message, MessagesPage } from "../protocol/wire/messages.ts";
import type { ListedRoom, NewRoom, RoomsPage, RoomsQuery } from "../protocol/wire/rooms.ts";
import type { User } from "../protocol/wire/users.ts";
import type { ServerAddress } from "./address.ts";
import { EchoRoomError } from "./errors.ts";
import { pathOf } from "./paths.ts";
import { type ClientFetch, type ClientResponse, inTime } from "./platform.ts";
import type { Timing } from "./timing.ts";

/** A page of what has changed in a room. */
export type Changes = Omit<ServerEvents["connection:missed"], "roomId">;

/** What a new account needs. */
export interface Account {
  /** Up to 254 characters, unique. */
  email: string;
  /** 8 characters to 72 bytes of UTF-8. */
  password: string;
  /** 1 to 50 characters. */
  displayName: string;
}

/** What signs a user in. */
export interface Credentials {
  /** In any case. */
  email: string;
  /** As it was chosen. */
  password: string;
}

/** What users may change about themselves. */
export interface ProfileChanges {
  /** 1 to 50 characters. */
  displayName?: string;
  /** An https URL, or null for none; for a picture of one's own see `client.setAvatar()`. */
  avatarUrl?: string | null;
  /** For the app to use. */
  onboardingCompleted?: boolean;
}

/** Where a request gets its access token from. */
export interface TokenSource {
  /** A token that has not expired. */
  get(): Promise<string>;
  /** A new one, after the server has refused the last as expired. */
  renew(): Promise<string>;
}

/** What the routes need of the client around them. */
export interface ApiHost {
  /** Of the server. */
  readonly address: ServerAddress;
  /** As the global one. */
  readonly fetch: ClientFetch;
  /** Where tokens for protected routes come from. */
  readonly tokens: TokenSource;
  /** How long to wait for an answer. */
  readonly timing: Pick<Timing, "answerMs">;
  /** This client has made a room. */
  onRoom(): void;
}

/** What a request says beside its path. */
export interface RequestParts {
  /** Sent as JSON. */
  body?: object;
  /** Sent as they are, in the place of `body`. */
  bytes?: Blob;
  /** How long to wait for an answer, in milliseconds. */
  answerMs?: number;
  /** In the place of the client's own. */
  fetch?: ClientFetch;
  /** Behind the path; what is undefined is left out. */
  query?: Record<string, string | number | boolean | undefined>;
}

/** How long a picture may take to be sent. */
const PICTURE_MS = 60_000;
/** The server accepts a refresh cookie for 10 s after it has been replaced; two attempts fit. */
const REFRESH_MS = 4_000;

/** The routes of one server. Every call throws {@linkcode EchoRoomError} on a refusal. */
export class Api {
  readonly #host: ApiHost;

  /** @ignore */
  constructor(host: ApiHost) {
    this.#host = host;
  }

  /** `POST /auth/register`: makes an account and begins a session. */
  register(account: Account): Promise<SignedIn> {
    return this.#call("POST", "auth/register", { body: account });
  }

  /** `POST /auth/login`: begins a session. */
  login(credentials: Credentials): Promise<SignedIn> {
    return this.#call("POST", "auth/login", { body: credentials });
  }

  /**
   * `POST /auth/refresh`: a new token for the session that the refresh cookie holds. If the answer is
   * lost it is soon asked for again: later the old cookie would count as stolen.
   */
  async refresh(): Promise<SignedIn> {
    const refresh = (call?: RequestParts) => this.#call<SignedIn>("POST", "auth/refresh", call);
    const answerMs = Math.min(REFRESH_MS, this.#host.timing.answerMs);
    return await refresh({ answerMs }).catch((error: EchoRoomError) => {
      if (error.code !== "unreachable") throw error;
      return refresh();
    });
  }

  /** `POST /auth/logout`: ends the session that the refresh cookie holds, in every tab. */
  async logout(): Promise<void> {
    await this.#call("POST", "auth/logout");
  }

  /** `PATCH /auth/me` */
  async updateMe(changes: ProfileChanges): Promise<User> {
    const call = { body: changes };
    return (await this.request<{ user: User }>("PATCH", "auth/me", call)).user;
  }

  /** `PUT /auth/me/avatar`, or `DELETE` for null. */
  async setAvatar(picture: Blob | null): Promise<User> {
    const call = picture ? { bytes: picture, answerMs: PICTURE_MS } : {};
    const method = picture ? "PUT" : "DELETE";
    return (await this.request<{ user: User }>(method, "auth/me/avatar", call)).user;
  }

  /** `GET /rooms` */
  listRooms(query: RoomsQuery = {}): Promise<RoomsPage> {
    return this.request("GET", "rooms", { query: { ...query } });
  }

  /** `POST /rooms` */
  async createRoom(room: NewRoom): Promise<ListedRoom> {
    const answer = await this.request<{ room: ListedRoom }>("POST", "rooms", { body: room });
    this.#host.onRoom();
    return answer.room;
  }

  /** `GET /rooms/:idOrSlug` */
  async readRoom(idOrSlug: string): Promise<ListedRoom> {
    return (await this.request<{ room: ListedRoom }>("GET", pathOf("rooms", idOrSlug))).room;
  }

  /**
   * `GET /rooms/:idOrSlug/messages`: the last ones, or those before or after a message.
   * @param page.before id of a message; not together with `after`
   * @param page.after id of a message
   * @param page.threadId id of a message: only the answers to it
   * @param page.limit 1 to 100, 50 if not given
   */
  readMessages(
    idOrSlug: string,
    page: { before?: string | undefined; after?: string; threadId?: string; limit?: number } = {},
  ): Promise<MessagesPage> {
    return this.request("GET", pathOf("rooms", idOrSlug, "messages"), { query: page });
  }

  /** `GET /rooms/:idOrSlug/messages/:messageId` */
  async readMessage(idOrSlug: string, messageId: string): Promise<Message> {
    const path = pathOf("rooms", idOrSlug, "messages", messageId);
    return (await this.request<{ message: Message }>("GET", path)).message;
  }

  /** `GET /rooms/:idOrSlug/pins`: the last pinned first. */
  readPins(idOrSlug: string): Promise<Omit<MessagesPage, "hasMore">> {
    return this.request("GET", pathOf("rooms", idOrSlug, "pins"));
  }

  /**
   * `GET /rooms/:idOrSlug/changes`: the messages that are new or changed since an entry, as they are
   * now, by the entry that changed each last.
   * @param page.after the number of the entry; 0 for all
   * @param page.entryId its id, by which a restored backup is noticed
   * @param page.limit 1 to 200
   */
  readChanges(
    idOrSlug: string,
    page: { after: number; entryId?: string; limit?: number },
  ): Promise<Changes> {
    return this.request("GET", pathOf("rooms", idOrSlug, "changes"), { query: page });
  }

  /**
   * Calls a route as the user who is signed in, with a token that has not expired. The routes beyond
   * these methods are functions in `@echoroom/client/rest`.
   * @param path after the server's address, its parts encoded
   * @returns the body of the answer; undefined if it has none
   */
  async request<T>(method: string, path: string, call?: RequestParts): Promise<T> {
    const { tokens } = this.#host;
    const token = await tokens.get();
    return await this.#call<T>(method, path, call, token).catch(async (error: EchoRoomError) => {
      if (error.code !== "token_expired") throw error;
      return await this.#call<T>(method, path, call, await tokens.renew());
    });
  }

  async #call<T>(
    method: string,
    path: string,
    call: RequestParts = {},
    token?: string,
  ): Promise<T> {
    const { address, timing } = this.#host;
    const { body, bytes, answerMs = timing.answerMs, fetch = this.#host.fetch } = call;
    const request = {
      method,
      headers: {
        ...(body && { "Content-Type": "application/json" }),
        ...(token && { Authorization: `Bearer ${token}` }),
      },
      credentials: "include" as const,
      ...(bytes ? { body: bytes } : body && { body: JSON.stringify(body) }),
    };
    try {
      const [response, text] = await inTime(answerMs, async (signal) => {
        const response = await fetch(address.base + path + queryOf(call), { ...request, signal });
        return [response, await response.text()] as const;
      });
      address.reached();
      if (!response.ok) throw refusal(response, text);
      return (text ? JSON.parse(text) : undefined) as T;
    } catch (error) {
      // What is no JSON is a page of some network in between, as before one has signed in to it.
      throw error instanceof EchoRoomError && error.status ? error : address.unreachable();
    }
  }
}

function queryOf({ query = {} }: RequestParts): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value!)}`)
    .join("&");
  return pairs && `?${pairs}`;
}

function refusal({ status, headers }: ClientResponse, text: string): EchoRoomError {
  const retryAfter = Number(headers.get("Retry-After")) || undefined;
  try {
    const problem: Problem = JSON.parse(text);
    const message = problem.detail;
    if (typeof problem.code === "string") {
      return new EchoRoomError({ ...problem, message, status, retryAfter });
    }
  } catch {
    // A proxy's page, not the server's answer.
  }
  return new EchoRoomError({
    message: `The server answered with status ${status}.`,
    code: status >= 500 ? "unavailable" : "unreachable",
    status,
    retryAfter,
  });
}
