/** `/rooms`: create, list and find. */
import { Hono } from "hono";
import type { Dependencies } from "../application/dependencies.ts";
import { createDirect, createRoom } from "../application/rooms/create_room.ts";
import { getRoom } from "../application/rooms/get_room.ts";
import { listRooms } from "../application/rooms/list_rooms.ts";
import { setPreferences } from "../application/rooms/set_preferences.ts";
import { setRead } from "../application/rooms/set_read.ts";
import { deleteRoom } from "../application/rooms/delete_room.ts";
import { updateRoom } from "../application/rooms/update_room.ts";
import type { Services } from "../services/services.ts";
import { RoomPath } from "../protocol/schemas/fields.ts";
import {
  DirectCreation,
  FullRoomAnswer,
  PreferencesRequest,
  presentCapabilities,
  presentListed,
  ReadAnswer,
  ReadRequest,
  RoomAnswer,
  RoomChanges,
  RoomCreation,
  RoomsPage,
  RoomsQuery,
} from "../protocol/schemas/rooms.ts";
import { AUTH, BODY, describedAs, empty, json, problems } from "./answers.ts";
import { compressedJson } from "./compression.ts";
import type { Env } from "./context.ts";
import { participant, requireUser } from "./guards.ts";
import { jsonBody, path, query, requireJson } from "./input.ts";

const describe = describedAs("rooms");

export function roomRoutes(services: Dependencies, isDraining: () => boolean) {
  const signedIn = requireUser(services);
  return new Hono<Env>()
    .get(
      "/",
      describe("List public rooms and one's own private ones, or all of one's own", {
        200: json(RoomsPage, "A page; `nextCursor` is null at the end"),
        ...problems("validation_failed", ...AUTH),
      }),
      signedIn,
      query(RoomsQuery),
      async (c) => {
        const { limit, cursor, mine: own, archived, sort: order } = c.req.valid("query");
        const request = { limit, cursor, own, archived, order };
        const { rooms, nextCursor } = await listRooms(c.get("actor"), services, request);
        if (nextCursor !== null) {
          const next = new URLSearchParams({
            ...c.req.query(),
            limit: String(limit),
            cursor: nextCursor,
          });
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
      describe("Create a room", {
        201: json(RoomAnswer, "The room; its log begins with its creator and its members"),
        ...problems(
          ...BODY,
          "validation_failed",
          "forbidden",
          "not_found",
          ...AUTH,
        ),
      }),
      signedIn,
      requireJson(isDraining),
      jsonBody(RoomCreation),
      async (c) => {
        const { description, ...rest } = c.req.valid("json");
        const input = { ...rest, description: description || null };
        const room = await createRoom(c.get("actor"), services, input);
        c.header("Location", `/rooms/${encodeURIComponent(room.slug)}`);
        return c.json({ room: presentListed(room) }, 201);
      },
    )
    .get(
      "/:idOrSlug",
      describe("Find a room", {
        200: json(FullRoomAnswer, "The room, and what one may do in it"),
        ...problems("room_not_found", "forbidden", ...AUTH),
      }),
      signedIn,
      path(RoomPath),
      async (c) => {
        const found = await getRoom(c.get("actor"), services, c.req.valid("param").idOrSlug);
        const capabilities = presentCapabilities(found.capabilities);
        return c.json({ room: presentListed(found.room, found.me), capabilities }, 200);
      },
    )
    .put(
      "/:idOrSlug/preferences",
      describe("Set what one wants of a room for oneself; what is left out stays", {
        204: empty("Set; a hidden room leaves the list until there is a new message in it"),
        ...problems(
          ...BODY,
          "validation_failed",
          "room_not_found",
          "forbidden",
          ...AUTH,
        ),
      }),
      signedIn,
      path(RoomPath),
      requireJson(isDraining),
      jsonBody(PreferencesRequest),
      async (c) => {
        const { notifications, hidden } = c.req.valid("json");
        await setPreferences(c.get("actor"), services, c.req.valid("param").idOrSlug, {
          ...(notifications !== undefined && { notifications }),
          ...(hidden !== undefined && { hidden }),
        });
        return c.body(null, 204);
      },
    )
    .patch(
      "/:idOrSlug",
      describe("Change a room's settings; what is left out stays, and so does the slug", {
        200: json(RoomAnswer, "The room"),
        ...problems(
          ...BODY,
          "validation_failed",
          "room_not_found",
          "forbidden",
          ...AUTH,
        ),
      }),
      signedIn,
      path(RoomPath),
      requireJson(isDraining),
      jsonBody(RoomChanges),
      async (c) => {
        const actor = await participant(c, services);
        const room = c.req.valid("param").idOrSlug;
        const { description, ...rest } = c.req.valid("json");
        const text = description === undefined ? {} : { description: description || null };
        const { roomId } = await updateRoom(actor, services, room, { ...rest, ...text });
        const shown = await getRoom(actor, services, roomId);
        return c.json({ room: presentListed(shown.room, shown.me) }, 200);
      },
    )
    .delete(
      "/:idOrSlug",
      describe("Delete a room with all that is in it", {
        204: empty("The room does not exist any more"),
        ...problems("room_not_found", "forbidden", ...AUTH),
      }),
      signedIn,
      path(RoomPath),
      async (c) => {
        const actor = await participant(c, services);
        await deleteRoom(actor, services, c.req.valid("param").idOrSlug);
        return c.body(null, 204);
      },
    )
    .put(
      "/:idOrSlug/read",
      describe("Set how far one has read a room", {
        200: json(
          ReadAnswer,
          "How far one has read now; a lower `seq` than before changes nothing",
        ),
        ...problems(
          ...BODY,
          "validation_failed",
          "room_not_found",
          "forbidden",
          ...AUTH,
        ),
      }),
      signedIn,
      path(RoomPath),
      requireJson(isDraining),
      jsonBody(ReadRequest),
      async (c) => {
        const { seq } = c.req.valid("json");
        const position = { room: c.req.valid("param").idOrSlug, seq, back: false };
        const { readSeq, unread, mentions } = await setRead(c.get("actor"), services, position);
        return c.json({ seq: readSeq, unread, mentions }, 200);
      },
    );
}

/** `/directs`: the direct room of two. */
export function directRoutes(services: Services, isDraining: () => boolean) {
  return new Hono<Env>().post(
    "/",
    describe("Create the direct room with another user, or find it", {
      200: json(RoomAnswer, "The room was there already"),
      201: json(RoomAnswer, "The room is new"),
      ...problems(
        ...BODY,
        "validation_failed",
        "forbidden",
        "not_found",
        ...AUTH,
      ),
    }),
    requireUser(services),
    requireJson(isDraining),
    jsonBody(DirectCreation),
    async (c) => {
      const { userId } = c.req.valid("json");
      const { room, isNew } = await createDirect(c.get("actor"), services, userId);
      c.header("Location", `/rooms/${room.slug}`);
      return c.json({ room: presentListed(room) }, isNew ? 201 : 200);
    },
  );
}
