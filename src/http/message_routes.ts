/** `/rooms/…/messages`: history, sends, and all changes of messages. */
import { Hono } from "hono";
import { z } from "zod";
import type { Dependencies } from "../application/dependencies.ts";
import { deleteMessage } from "../application/messages/delete_message.ts";
import { editMessage } from "../application/messages/edit_message.ts";
import { getMessage } from "../application/messages/get_message.ts";
import { listEdits } from "../application/messages/list_edits.ts";
import { listPins } from "../application/messages/list_pins.ts";
import { listReactors } from "../application/messages/list_reactors.ts";
import { readChanges } from "../application/messages/read_changes.ts";
import {
  type MessagesPage as HistoryPage,
  readAround,
  readHistory,
} from "../application/messages/read_history.ts";
import { sendMessage } from "../application/messages/send_message.ts";
import { setPin } from "../application/messages/set_pin.ts";
import { setReaction } from "../application/messages/set_reaction.ts";
import type { ErrorCode } from "../domain/errors.ts";
import { newId } from "../domain/id.ts";
import type { Message } from "../domain/message.ts";
import { publicUser } from "../domain/user.ts";
import { isoTime } from "../protocol/iso_time.ts";
import { RoomPath } from "../protocol/schemas/fields.ts";
import {
  ChangesQuery,
  EditsAnswer,
  MessageAnswer,
  MessageEdit,
  MessagePath,
  MessagesAround,
  MessagesPage,
  MessagesQuery,
  NewMessage,
  PinsAnswer,
  ReactionPath,
  ReactorsPage,
  ReactorsQuery,
} from "../protocol/schemas/message_routes.ts";
import { presentMessage, presentRelated, presentShared } from "../protocol/schemas/messages.ts";
import { presentCapabilities, presentRoom, RoomMissed } from "../protocol/schemas/rooms.ts";
import { JOINED_MESSAGES } from "../protocol/wire/limits.ts";
import type { TextVersion } from "../ports/store/messages.ts";
import type { Result } from "../services/decision.ts";
import type { RelatedToReader } from "../services/related.ts";
import { AUTH, BODY, describedAs, empty, json, problems } from "./answers.ts";
import { compressed, compressedJson } from "./compression.ts";
import type { Env } from "./context.ts";
import { participant, requireUser } from "./guards.ts";
import { jsonBody, path, query, requireJson } from "./input.ts";

const describe = describedAs("messages");

/** Of every route of a room; the banned get `forbidden`. */
const ROOM: ErrorCode[] = ["validation_failed", "room_not_found", "forbidden", ...AUTH];
/** Of every route of a message. */
const MESSAGE_OF_ROOM: ErrorCode[] = [...ROOM, "message_not_found"];
/** Of what is refused in archived rooms, and of the muted. */
const OPEN_ROOM: ErrorCode[] = ["room_archived", "muted"];
/** Of the changes that a deleted message takes no more. */
const PRESENT: ErrorCode[] = ["message_deleted", "limit_reached"];
/** Of the files that a send names. */
const FILES: ErrorCode[] = ["file_not_found", "file_in_use", "file_not_ready"];
const MESSAGE = "/:idOrSlug/messages/:messageId";

export function messageRoutes(dependencies: Dependencies, isDraining: () => boolean) {
  const signedIn = requireUser(dependencies);
  return new Hono<Env>()
    .get(
      "/:idOrSlug/messages",
      describe("Read a room's history, oldest first", {
        200: json(z.union([MessagesPage, MessagesAround]), "A page of messages"),
        ...problems(...MESSAGE_OF_ROOM),
      }),
      signedIn,
      path(RoomPath),
      query(MessagesQuery),
      async (c) => {
        const { around, limit, ...range } = c.req.valid("query");
        const room = c.req.valid("param").idOrSlug;
        const actor = c.get("actor");
        if (around === undefined) {
          const page = await readHistory(actor, dependencies, room, { limit, ...range });
          return compressed(c, pageText(page), "application/json");
        }
        const page = await readAround(actor, dependencies, room, { around, limit });
        const { messages, related, ...more } = page;
        return compressedJson(c, { ...presentList(messages, related), ...more });
      },
    )
    .post(
      "/:idOrSlug/messages",
      describe("Send a message", {
        201: json(MessageAnswer, "The message is durable"),
        200: json(MessageAnswer, "It was sent before with this `clientMessageId`"),
        ...problems(
          ...BODY,
          ...MESSAGE_OF_ROOM,
          ...OPEN_ROOM,
          ...FILES,
          "slow_mode",
          "message_deleted",
          "idempotency_conflict",
        ),
      }),
      signedIn,
      path(RoomPath),
      requireJson(isDraining),
      jsonBody(NewMessage),
      async (c) => {
        const { clientMessageId = newId(), ...content } = c.req.valid("json");
        const actor = await participant(c, dependencies);
        const input = { ...content, room: c.req.valid("param").idOrSlug, clientMessageId };
        const { roomId, result } = await sendMessage(actor, dependencies, input);
        const done = await result;
        const answer = await getMessage(actor, dependencies, roomId, idOf(done));
        return c.json(presentOne(answer), "isRepeat" in done ? 200 : 201);
      },
    )
    .get(
      MESSAGE,
      describe("Read a message", {
        200: json(MessageAnswer, "The message as it is now"),
        ...problems(...MESSAGE_OF_ROOM),
      }),
      signedIn,
      path(MessagePath),
      async (c) => {
        const { idOrSlug, messageId } = c.req.valid("param");
        const answer = await getMessage(c.get("actor"), dependencies, idOrSlug, messageId);
        return compressedJson(c, presentOne(answer));
      },
    )
    .patch(
      MESSAGE,
      describe("Edit one's own message; what is left out stays", {
        200: json(MessageAnswer, "The message as it is now"),
        ...problems(
          ...BODY,
          ...MESSAGE_OF_ROOM,
          "muted",
          "message_deleted",
          "edit_conflict",
          "idempotency_conflict",
        ),
      }),
      signedIn,
      path(MessagePath),
      requireJson(isDraining),
      jsonBody(MessageEdit),
      async (c) => {
        const { clientMessageId = newId(), ...change } = c.req.valid("json");
        const { idOrSlug: room, messageId } = c.req.valid("param");
        const actor = await participant(c, dependencies);
        const input = { ...change, room, messageId, clientMessageId };
        const { roomId, result } = await editMessage(actor, dependencies, input);
        await result;
        return c.json(presentOne(await getMessage(actor, dependencies, roomId, messageId)), 200);
      },
    )
    .delete(
      MESSAGE,
      describe("Delete a message; a tombstone stays", {
        204: empty("It is deleted, now or before"),
        ...problems(...MESSAGE_OF_ROOM),
      }),
      signedIn,
      path(MessagePath),
      async (c) => {
        const { idOrSlug: room, messageId } = c.req.valid("param");
        const actor = await participant(c, dependencies);
        const input = { room, messageId, clientMessageId: newId() };
        const { result } = await deleteMessage(actor, dependencies, input);
        await result;
        return c.body(null, 204);
      },
    )
    .get(
      `${MESSAGE}/edits`,
      describe("List the texts of a message, from the original on", {
        200: json(EditsAnswer, "For its sender, and who may delete it; none once it is deleted"),
        ...problems(...MESSAGE_OF_ROOM),
      }),
      signedIn,
      path(MessagePath),
      async (c) => {
        const { idOrSlug, messageId } = c.req.valid("param");
        const edits = await listEdits(c.get("actor"), dependencies, idOrSlug, messageId);
        return compressedJson(c, { edits: edits.map(presentEdit) });
      },
    )
    .get(
      `${MESSAGE}/reactions/:emoji`,
      describe("List who has put an emoji on a message, the first first", {
        200: json(ReactorsPage, "A page; `nextCursor` is null at the end"),
        ...problems(...MESSAGE_OF_ROOM),
      }),
      signedIn,
      path(ReactionPath),
      query(ReactorsQuery),
      async (c) => {
        const { idOrSlug, ...reaction } = c.req.valid("param");
        const request = { ...reaction, ...c.req.valid("query") };
        const page = await listReactors(c.get("actor"), dependencies, idOrSlug, request);
        const { users, nextCursor } = page;
        return compressedJson(c, { users: users.map(publicUser), nextCursor });
      },
    )
    .on(
      ["PUT", "DELETE"],
      `${MESSAGE}/reactions/:emoji`,
      describe("Put an emoji on a message, or take it off", {
        204: empty("It is so, now or before"),
        ...problems(...MESSAGE_OF_ROOM, ...OPEN_ROOM, ...PRESENT),
      }),
      signedIn,
      path(ReactionPath),
      async (c) => {
        const { idOrSlug: room, messageId, emoji } = c.req.valid("param");
        const actor = await participant(c, dependencies);
        const input = { room, messageId, emoji, isOn: c.req.method === "PUT" };
        const { result } = await setReaction(actor, dependencies, input);
        await result;
        return c.body(null, 204);
      },
    )
    .on(
      ["PUT", "DELETE"],
      `${MESSAGE}/pin`,
      describe("Pin a message in its room, or unpin it", {
        204: empty("It is so, now or before"),
        ...problems(...MESSAGE_OF_ROOM, ...PRESENT),
      }),
      signedIn,
      path(MessagePath),
      async (c) => {
        const { idOrSlug: room, messageId } = c.req.valid("param");
        const actor = await participant(c, dependencies);
        const input = { room, messageId, isPinned: c.req.method === "PUT" };
        const { result } = await setPin(actor, dependencies, input);
        await result;
        return c.body(null, 204);
      },
    )
    .get(
      "/:idOrSlug/pins",
      describe("List the pinned messages of a room, the last pinned first", {
        200: json(PinsAnswer, "At most 100"),
        ...problems("room_not_found", "forbidden", ...AUTH),
      }),
      signedIn,
      path(RoomPath),
      async (c) => {
        const room = c.req.valid("param").idOrSlug;
        const { messages, related } = await listPins(c.get("actor"), dependencies, room);
        return compressedJson(c, presentList(messages, related));
      },
    )
    .get(
      "/:idOrSlug/changes",
      describe("Read what has changed in a room since an entry: recovery without a socket", {
        200: json(RoomMissed, "As `connection:missed`"),
        ...problems(...ROOM),
      }),
      signedIn,
      path(RoomPath),
      query(ChangesQuery),
      async (c) => {
        const { after: seq, entryId, limit } = c.req.valid("query");
        const request = { cursor: { seq, entryId }, limit, latest: JOINED_MESSAGES };
        const room = c.req.valid("param").idOrSlug;
        const changes = await readChanges(c.get("actor"), dependencies, room, request);
        const { messages, related, room: shown, capabilities, ...rest } = changes;
        return compressedJson(c, {
          ...presentList(messages, related),
          ...rest,
          room: presentRoom(shown),
          capabilities: presentCapabilities(capabilities),
        });
      },
    );
}

/** Messages and what goes with them, as JSON: of a page that is cached, serialised once. */
const texts = new WeakMap<readonly Message[], string>();

function pageText({ messages, related, hasMore, mine }: HistoryPage): string {
  const text = texts.getOrInsertComputed(messages, () => {
    return JSON.stringify({
      messages: messages.map(presentMessage),
      ...presentShared(related),
      hasMore,
    });
  });
  return `${text.slice(0, -1)},"mine":${JSON.stringify(mine)}}`;
}

function idOf(result: Result): string {
  return "entry" in result ? result.entry.message.id : result.unchanged.id;
}

function presentOne({ message, related }: { message: Message; related: RelatedToReader }) {
  return { message: presentMessage(message), ...presentRelated(related) };
}

function presentList(messages: readonly Message[], related: RelatedToReader) {
  return { messages: messages.map(presentMessage), ...presentRelated(related) };
}

function presentEdit({ seq, text, editedAt }: TextVersion) {
  return { seq, text, editedAt: editedAt && isoTime(editedAt) };
}
