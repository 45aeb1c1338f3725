/** The REST routes of the server in memory. */
import { ChatError, type ErrorCode } from "../../domain/errors.ts";
import { MISSED_MESSAGES, PAGE_SIZE } from "../../protocol/wire/limits.ts";
import { type ClientResponse, newId } from "../platform.ts";
import type { Account as NewAccount, Credentials, ProfileChanges } from "../api.ts";
import type { Account } from "./accounts.ts";
import type { Chat, NewRoom } from "./chat.ts";
import type { Route } from "./faults.ts";
import { refusalOf } from "./refusals.ts";

/** A request as it arrives. */
export interface TestRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string | Blob | undefined;
  /** The value of the refresh cookie; null without one. */
  cookie: string | null;
}

/** What a route answers, and the cookie that it sets: null clears it, undefined keeps it. */
export interface TestAnswer extends ClientResponse {
  cookie?: string | null | undefined;
}

interface Call {
  chat: Chat;
  cookie: string | null;
  room: string;
  message: string;
  query: URLSearchParams;
  body: unknown;
  /** Who has made the request. */
  readonly account: Account;
}

interface Result {
  status?: number;
  body?: unknown;
  cookie?: string | null;
}

/** Seconds. */
const FILE_TOKEN_LIFE = 600;

const ROUTES: Record<Route, (call: Call) => Result> = {
  "POST /auth/register": ({ chat, body }) => ({
    ...begin(chat, chat.accounts.register(body as NewAccount)),
    status: 201,
  }),
  "POST /auth/login": ({ chat, body }) => begin(chat, chat.accounts.logIn(body as Credentials)),
  "POST /auth/refresh": ({ chat, cookie }) => ({ body: chat.accounts.tokenFor(cookie), cookie }),
  "POST /auth/logout": ({ chat, cookie }) => {
    chat.signOut(chat.accounts.end(cookie));
    return { status: 204, cookie: null };
  },
  "GET /auth/me": ({ account: { user } }) => ({ body: { user } }),
  "PATCH /auth/me": (call) => changeProfile(call, call.body as ProfileChanges),
  "PUT /auth/me/avatar": (call) => {
    if (!isPicture(call.body)) throw new ChatError("unsupported_media_type", "It is no picture.");
    return changeProfile(call, { avatarUrl: `/avatars/${newId()}` });
  },
  "DELETE /auth/me/avatar": (call) => changeProfile(call, { avatarUrl: null }),
  "POST /files": ({ chat, account, query, body }) => ({
    status: 201,
    body: { file: chat.files.add(account.user.id, query.get("name") ?? "file", body as Blob) },
  }),
  "POST /files/token": () => ({ body: { token: newId(), expiresIn: FILE_TOKEN_LIFE } }),
  "GET /rooms": listRooms,
  "POST /rooms": ({ chat, account, body }) => ({
    status: 201,
    body: { room: chat.createRoom(account.shown, body as NewRoom).room },
  }),
  "GET /rooms/:room": ({ chat, account, room }) => ({
    body: { room: chat.room(room).reader.listedFor(account.user.id) },
  }),
  "GET /rooms/:room/messages": readMessages,
  "GET /rooms/:room/messages/:message": ({ chat, account, room, message }) => ({
    body: chat.room(room).reader.message(account.user.id, message),
  }),
  "GET /rooms/:room/changes": ({ chat, account, room, query }) => {
    const [after, limit] = [numberIn(query, "after", 0), numberIn(query, "limit", MISSED_MESSAGES)];
    const entryId = query.get("entryId") ?? undefined;
    return { body: chat.room(room).reader.missed(account.user.id, after, entryId, limit) };
  },
  "GET /rooms/:room/pins": ({ chat, account, room }) => ({
    body: chat.room(room).reader.pins(account.user.id),
  }),
};

/** Answers one request; never throws for what a client has done. */
export async function answer(chat: Chat, request: TestRequest): Promise<TestAnswer> {
  const { pathname, searchParams: query } = new URL(request.url);
  const [route, room, message] = routeOf(request.method, pathname);
  const held = route && chat.faults.held(route, "arrival");
  if (held) await held;
  let result: Result;
  try {
    if (!route) throw new ChatError("not_found", "There is nothing at this path.");
    chat.faults.check(route);
    const { body: sent = "{}" } = request;
    const body = typeof sent === "string" ? JSON.parse(sent) : sent;
    const { cookie } = request;
    result = ROUTES[route]({
      ...{ chat, cookie, room, message, query, body },
      get account() {
        return accountOf(chat, request);
      },
    });
  } catch (error) {
    return problem(refusalOf(error));
  }
  const heldAnswer = chat.faults.held(route, "answer");
  if (heldAnswer) await heldAnswer;
  const { status = 200, body, cookie } = result;
  return { ...responseOf(status, body), cookie };
}

/** The route of a request, and the room and message in its path. */
function routeOf(method: string, pathname: string): [Route | null, string, string] {
  for (const route of Object.keys(ROUTES) as Route[]) {
    const [routeMethod, path] = route.split(" ");
    const match = new RegExp(`^${path!.replaceAll(/:\w+/g, "([^/]+)")}$`).exec(pathname);
    if (!match || routeMethod !== method) continue;
    const [, room = "", message = ""] = match;
    return [route, decodeURIComponent(room), decodeURIComponent(message)];
  }
  return [null, "", ""];
}

function begin(chat: Chat, account: Account): Result {
  const cookie = chat.accounts.begin(account);
  return { body: chat.accounts.tokenFor(cookie), cookie };
}

function changeProfile({ chat, account }: Call, changes: ProfileChanges): Result {
  const user = chat.accounts.change(account, changes);
  chat.stream(user.id).put("profile", { type: "profile", data: { user } });
  return { body: { user } };
}

function isPicture(body: unknown): boolean {
  return body instanceof Blob && body.type.startsWith("image/");
}

function listRooms({ chat, account, query }: Call): Result {
  const start = numberIn(query, "cursor", 0);
  const end = start + numberIn(query, "limit", PAGE_SIZE);
  const [isMine, isArchived] = ["mine", "archived"].map((name) => query.get(name) === "true");
  // None is ever archived.
  const rooms = (isArchived ? [] : chat.rooms)
    .map(({ reader }) => reader.listedFor(account.user.id))
    .filter(({ me }) => !isMine || me);
  const nextCursor = end < rooms.length ? String(end) : null;
  return { body: { rooms: rooms.slice(start, end), nextCursor } };
}

function readMessages({ chat, account: { user }, room, query }: Call): Result {
  const limit = numberIn(query, "limit", PAGE_SIZE);
  const { reader } = chat.room(room);
  const [around, before, after, threadId] = ["around", "before", "after", "threadId"]
    .map((name) => query.get(name) ?? undefined);
  return {
    body: around === undefined
      ? reader.page(user.id, { before, after, threadId, limit })
      : reader.around(user.id, around, limit),
  };
}

function numberIn(query: URLSearchParams, name: string, otherwise: number): number {
  return Number(query.get(name) ?? otherwise);
}

function accountOf({ accounts }: Chat, { headers }: TestRequest): Account {
  const authorization = headers["Authorization"] ?? headers["authorization"] ?? "";
  return accounts.withToken(authorization.replace(/^Bearer /, "")).account;
}

/** Those that differ from 400. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  unauthenticated: 401,
  invalid_credentials: 401,
  token_expired: 401,
  session_revoked: 401,
  forbidden: 403,
  origin_not_allowed: 403,
  registration_closed: 403,
  not_found: 404,
  room_not_found: 404,
  message_not_found: 404,
  file_not_found: 404,
  file_in_use: 409,
  file_not_ready: 409,
  file_too_large: 413,
  quota_exceeded: 413,
  method_not_allowed: 405,
  email_taken: 409,
  message_deleted: 409,
  edit_conflict: 409,
  room_archived: 403,
  slow_mode: 429,
  last_owner: 409,
  muted: 403,
  idempotency_conflict: 409,
  limit_reached: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
};

function problem({ code, message, faults, retryAfter }: ChatError): TestAnswer {
  const status = STATUSES[code] ?? 400;
  const body = { type: "about:blank", title: code, status, detail: message, code };
  const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  return responseOf(status, { ...body, requestId: "test", retryAfter, errors: faults }, headers);
}

function responseOf(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): TestAnswer {
  return {
    ok: status < 400,
    status,
    headers: { get: (name) => headers[name.toLowerCase()] ?? null },
    text: () => Promise.resolve(body === undefined ? "" : JSON.stringify(body)),
  };
}
