/** `/rooms`: create, list, find, and read their history. */
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { type MessagesPage as Page, readHistory } from "../application/messages/read_history.ts";
import { createRoom } from "../application/rooms/create_room.ts";
import { getRoom } from "../application/rooms/get_room.ts";
import { listRooms } from "../application/rooms/list_rooms.ts";
import type { Services } from "../services/services.ts";
import type { ErrorCode } from "../domain/errors.ts";
import { MessagesPage, MessagesQuery, presentMessage } from "../protocol/schemas/messages.ts";
import {
  presentRoom,
  RoomAnswer,
  RoomCreation,
  RoomsPage,
  RoomsQuery,
} from "../protocol/schemas/rooms.ts";
import { json, problems } from "./answers.ts";
import { compressed, compressedJson } from "./compression.ts";
import type { Env } from "./context.ts";
import { requireUser } from "./guards.ts";
import { jsonBody, query, requireJson } from "./input.ts";

const BEARER = [{ bearer: [] }];
const AUTH: ErrorCode[] = ["unauthenticated", "token_expired", "session_revoked"];

/** Pages as JSON: one that is cached is serialised once. */
const texts = new WeakMap<Page, string>();

export function roomRoutes(services: Services, isDraining: () => boolean) {
  const signedIn = requireUser(services);
  return new Hono<Env>()
    .get(
      "/",
      describeRoute({
        tags: ["rooms"],
        summary: "List rooms by name, then id",
        security: BEARER,
        responses: {
          200: json(RoomsPage, "A page; `nextCursor` is null at the end"),
          ...problems("validation_failed", ...AUTH),
        },
      }),
      signedIn,
      query(RoomsQuery),
      async (c) => {
        const { limit, cursor } = c.req.valid("query");
        const { rooms, nextCursor } = await listRooms(c.get("actor"), services, { limit, cursor });
        if (nextCursor !== null) {
          const next = new URLSearchParams({ limit: String(limit), cursor: nextCursor });
          c.header("Link", `</rooms?${next}>; rel="next"`);
        }
        return compressedJson(c, { rooms: rooms.map(presentRoom), nextCursor });
      },
    )
    .post(
      "/",
      describeRoute({
        tags: ["rooms"],
        summary: "Create a room",
        security: BEARER,
        responses: {
          201: json(RoomAnswer, "The room; entry 1 of its log names its creator"),
          ...problems(
            "invalid_json",
            "validation_failed",
            "payload_too_large",
            "unsupported_media_type",
            ...AUTH,
          ),
        },
      }),
      signedIn,
      requireJson(isDraining),
      jsonBody(RoomCreation),
      async (c) => {
        const { name, description } = c.req.valid("json");
        const input = { name, description: description || null };
        const room = await createRoom(c.get("actor"), services, input);
        c.header("Location", `/rooms/${encodeURIComponent(room.slug)}`);
        return c.json({ room: presentRoom(room) }, 201);
      },
    )
    .get(
      "/:idOrSlug",
      describeRoute({
        tags: ["rooms"],
        summary: "Find a room",
        security: BEARER,
        responses: {
          200: json(RoomAnswer, "The room"),
          ...problems("room_not_found", ...AUTH),
        },
      }),
      signedIn,
      async (c) => {
        const room = await getRoom(c.get("actor"), services, c.req.param("idOrSlug"));
        return c.json({ room: presentRoom(room) }, 200);
      },
    )
    .get(
      "/:idOrSlug/messages",
      describeRoute({
        tags: ["rooms"],
        summary: "Read a room's history, oldest first",
        security: BEARER,
        responses: {
          200: json(MessagesPage, "`hasMore` looks in the direction of paging"),
          ...problems("validation_failed", "room_not_found", ...AUTH),
        },
      }),
      signedIn,
      query(MessagesQuery),
      async (c) => {
        const { limit, before, after } = c.req.valid("query");
        const idOrSlug = c.req.param("idOrSlug")!;
        const page = await readHistory(c.get("actor"), services, idOrSlug, {
          limit,
          before,
          after,
        });
        return compressed(c, textOf(page), "application/json");
      },
    );
}

function textOf(page: Page): string {
  const known = texts.get(page);
  if (known !== undefined) return known;
  const { messages, hasMore } = page;
  const text = JSON.stringify({ messages: messages.map(presentMessage), hasMore });
  texts.set(page, text);
  return text;
}
