/** The REST routes of a server, as typed calls. */
import type { SignedIn } from "../protocol/wire/auth.ts";
import type { Problem } from "../protocol/wire/errors.ts";
import type { ServerEvents } from "../protocol/wire/events.ts";
import type { Message, MessagesPage } from "../protocol/wire/messages.ts";
import type { ListedRoom, Room, RoomsPage } from "../protocol/wire/rooms.ts";
import type { User } from "../protocol/wire/users.ts";
import type { ServerAddress } from "./address.ts";
import { EchoRoomError } from "./errors.ts";
import { type ClientFetch, type ClientResponse, inTime } from "./platform.ts";

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
  /** An https URL, or null for none. */
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
  /** How long to wait for an answer, in milliseconds. */
  readonly answerMs: number;
  /** This client has made a room. */
  onRoom(): void;
}

/** How a request is made. */
interface Call {
  /** How long to wait for an answer, in milliseconds. */
  answerMs?: number;
  method?: string;
  body?: unknown;
  query?: Record<string, string | number | undefined>;
}

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
    return this.#call("auth/register", { method: "POST", body: account });
  }

  /** `POST /auth/login`: begins a session. */
  login(credentials: Credentials): Promise<SignedIn> {
    return this.#call("auth/login", { method: "POST", body: credentials });
  }

  /**
   * `POST /auth/refresh`: a new token for the session that the refresh cookie holds. If the answer is
   * lost it is soon asked for again: later the old cookie would count as stolen.
   */
  async refresh(): Promise<SignedIn> {
    const call = { method: "POST" };
    const answerMs = Math.min(REFRESH_MS, this.#host.answerMs);
    try {
      return await this.#call("auth/refresh", { ...call, answerMs });
    } catch (error) {
      if ((error as EchoRoomError).code !== "unreachable") throw error;
      return await this.#call("auth/refresh", call);
    }
  }

  /** `POST /auth/logout`: ends the session that the refresh cookie holds, in every tab. */
  async logout(): Promise<void> {
    await this.#call("auth/logout", { method: "POST" });
  }

  /** `PATCH /auth/me` */
  async updateMe(changes: ProfileChanges): Promise<User> {
    const call = { method: "PATCH", body: changes };
    return (await this.#authorized<{ user: User }>("auth/me", call)).user;
  }

  /**
   * `GET /rooms`, by name.
   * @param page.cursor the `nextCursor` of the page before
   * @param page.limit 1 to 100, 50 if not given
   */
  listRooms(page: { cursor?: string | undefined; limit?: number } = {}): Promise<RoomsPage> {
    return this.#authorized("rooms", { query: page });
  }

  /** `POST /rooms` */
  async createRoom(room: { name: string; description?: string }): Promise<Room> {
    const call = { method: "POST", body: room };
    const answer = await this.#authorized<{ room: Room }>("rooms", call);
    this.#host.onRoom();
    return answer.room;
  }

  /** `GET /rooms/:idOrSlug` */
  async readRoom(idOrSlug: string): Promise<ListedRoom> {
    return (await this.#authorized<{ room: ListedRoom }>(roomPath(idOrSlug))).room;
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
    return this.#authorized(`${roomPath(idOrSlug)}/messages`, { query: page });
  }

  /** `GET /rooms/:idOrSlug/messages/:messageId` */
  async readMessage(idOrSlug: string, messageId: string): Promise<Message> {
    const path = `${roomPath(idOrSlug)}/messages/${encodeURIComponent(messageId)}`;
    return (await this.#authorized<{ message: Message }>(path)).message;
  }

  /** `GET /rooms/:idOrSlug/pins`: the last pinned first. */
  readPins(idOrSlug: string): Promise<Omit<MessagesPage, "hasMore">> {
    return this.#authorized(`${roomPath(idOrSlug)}/pins`);
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
    return this.#authorized(`${roomPath(idOrSlug)}/changes`, { query: page });
  }

  async #authorized<T>(path: string, call: Call = {}): Promise<T> {
    const token = await this.#host.tokens.get();
    try {
      return await this.#call<T>(path, call, token);
    } catch (error) {
      if (!(error instanceof EchoRoomError) || error.code !== "token_expired") throw error;
      return await this.#call<T>(path, call, await this.#host.tokens.renew());
    }
  }

  async #call<T>(path: string, call: Call, token?: string): Promise<T> {
    const { method = "GET", body, answerMs = this.#host.answerMs } = call;
    const { address, fetch } = this.#host;
    const headers: Record<string, string> = {};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (token !== undefined) headers["Authorization"] = `Bearer ${token}`;
    const request = {
      method,
      headers,
      credentials: "include" as const,
      ...(body !== undefined && { body: JSON.stringify(body) }),
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

function roomPath(idOrSlug: string): string {
  return `rooms/${encodeURIComponent(idOrSlug)}`;
}

function queryOf({ query = {} }: Call): string {
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
