/** `/rooms`: create, list and find. */
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { createRoom } from "../application/rooms/create_room.ts";
import { getRoom } from "../application/rooms/get_room.ts";
import { listRooms } from "../application/rooms/list_rooms.ts";
import { setRead } from "../application/rooms/set_read.ts";
import type { Services } from "../services/services.ts";
import {
  presentListed,
  ReadAnswer,
  ReadRequest,
  RoomAnswer,
  RoomCreation,
  RoomsPage,
  RoomsQuery,
} from "../protocol/schemas/rooms.ts";
import { AUTH, BEARER, json, problems } from "./answers.ts";
import { compressedJson } from "./compression.ts";
import type { Env } from "./context.ts";
import { requireUser } from "./guards.ts";
import { jsonBody, query, requireJson } from "./input.ts";

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
        return compressedJson(c, {
          rooms: rooms.map(({ room, me }) => presentListed(room, me)),
          nextCursor,
        });
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
        return c.json({ room: presentListed(room) }, 201);
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
        const { room, me } = await getRoom(c.get("actor"), services, c.req.param("idOrSlug"));
        return c.json({ room: presentListed(room, me) }, 200);
      },
    )
    .put(
      "/:idOrSlug/read",
      describeRoute({
        tags: ["rooms"],
        summary: "Set how far one has read a room",
        security: BEARER,
        responses: {
          200: json(
            ReadAnswer,
            "How far one has read now; a lower `seq` than before changes nothing",
          ),
          ...problems(
            "invalid_json",
            "validation_failed",
            "payload_too_large",
            "unsupported_media_type",
            "room_not_found",
            "forbidden",
            ...AUTH,
          ),
        },
      }),
      signedIn,
      requireJson(isDraining),
      jsonBody(ReadRequest),
      async (c) => {
        const { seq } = c.req.valid("json");
        const position = { room: c.req.param("idOrSlug")!, seq, back: false };
        const { readSeq, unread, mentions } = await setRead(c.get("actor"), services, position);
        return c.json({ seq: readSeq, unread, mentions }, 200);
      },
    );
}
