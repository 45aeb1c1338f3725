/** `/rooms/…/members`, `/bans` and `/mutes`. */
import { Hono } from "hono";
import type { Dependencies } from "../application/dependencies.ts";
import { addMember } from "../application/members/add_member.ts";
import { listMembers, listRestricted } from "../application/members/list_members.ts";
import { removeMember } from "../application/members/remove_member.ts";
import { banMember } from "../application/moderation/ban_member.ts";
import { restrictMember } from "../application/moderation/restrict_member.ts";
import type { Actor } from "../domain/actor.ts";
import type { ErrorCode } from "../domain/errors.ts";
import { ending } from "../domain/restriction.ts";
import { RoomPath } from "../protocol/schemas/fields.ts";
import {
  BanRequest,
  BansPage,
  MemberAnswer,
  MemberChange,
  MemberPath,
  MembersPage,
  MembersQuery,
  MuteRequest,
  MutesPage,
  presentMember,
  presentRestricted,
  RestrictedQuery,
} from "../protocol/schemas/members.ts";
import { AUTH, BODY, describedAs, empty, json, problems } from "./answers.ts";
import { compressedJson } from "./compression.ts";
import type { Env } from "./context.ts";
import { participant, requireUser } from "./guards.ts";
import { jsonBody, optionalJson, path, query } from "./input.ts";

const describe = describedAs("members");

const READ: ErrorCode[] = ["validation_failed", "room_not_found", "forbidden", ...AUTH];
const CHANGE: ErrorCode[] = [...READ, "not_found"];

export function memberRoutes(dependencies: Dependencies, isDraining: () => boolean) {
  const signedIn = requireUser(dependencies);
  return new Hono<Env>()
    .get(
      "/:idOrSlug/members",
      describe("List the members of a room, in the order in which they joined", {
        200: json(MembersPage, "A page; `nextCursor` is null at the end"),
        ...problems(...READ),
      }),
      signedIn,
      path(RoomPath),
      query(MembersQuery),
      async (c) => {
        const request = c.req.valid("query");
        const room = c.req.valid("param").idOrSlug;
        const page = await listMembers(c.get("actor"), dependencies, room, request);
        const { items, nextCursor } = page;
        return compressedJson(c, { members: items.map(presentMember), nextCursor });
      },
    )
    .put(
      "/:idOrSlug/members/:userId",
      describe("Join a public room (`me`), add somebody, or give a role", {
        200: json(MemberAnswer, "The member"),
        ...problems(...BODY, ...CHANGE, "last_owner"),
      }),
      signedIn,
      path(MemberPath),
      optionalJson(isDraining),
      jsonBody(MemberChange),
      async (c) => {
        const actor = await participant(c, dependencies);
        const { idOrSlug: room, userId } = named(c.req.valid("param"), actor);
        const { role } = c.req.valid("json");
        const member = await addMember(actor, dependencies, { room, userId, role });
        return c.json({ member: presentMember(member) }, 200);
      },
    )
    .delete(
      "/:idOrSlug/members/:userId",
      describe("Leave a room (`me`), or remove somebody", {
        204: empty("They are no member"),
        ...problems(...CHANGE, "last_owner"),
      }),
      signedIn,
      path(MemberPath),
      async (c) => {
        const actor = await participant(c, dependencies);
        const { idOrSlug: room, userId } = named(c.req.valid("param"), actor);
        await removeMember(actor, dependencies, { room, userId });
        return c.body(null, 204);
      },
    )
    .get(
      "/:idOrSlug/bans",
      describe("List who is banned from a room", {
        200: json(BansPage, "A page; `nextCursor` is null at the end"),
        ...problems(...READ),
      }),
      signedIn,
      path(RoomPath),
      query(RestrictedQuery),
      async (c) => {
        const room = c.req.valid("param").idOrSlug;
        const request = c.req.valid("query");
        const page = await listRestricted(c.get("actor"), dependencies, room, "ban", request);
        const { items, nextCursor } = page;
        return c.json({ bans: items.map(presentRestricted), nextCursor }, 200);
      },
    )
    .put(
      "/:idOrSlug/bans/:userId",
      describe("Ban a user from a room", {
        204: empty("They are banned, and their recent messages deleted, if that was asked"),
        ...problems(...BODY, ...CHANGE),
      }),
      signedIn,
      path(MemberPath),
      optionalJson(isDraining),
      jsonBody(BanRequest),
      async (c) => {
        const actor = await participant(c, dependencies);
        const { idOrSlug: room, userId } = named(c.req.valid("param"), actor);
        await banMember(actor, dependencies, { room, userId, ...ending(c.req.valid("json")) });
        return c.body(null, 204);
      },
    )
    .delete(
      "/:idOrSlug/bans/:userId",
      describe("Lift a ban; it does not restore the membership", {
        204: empty("They are not banned"),
        ...problems(...CHANGE),
      }),
      signedIn,
      path(MemberPath),
      async (c) => {
        const actor = await participant(c, dependencies);
        const { idOrSlug: room, userId } = named(c.req.valid("param"), actor);
        await restrictMember(actor, dependencies, { kind: "ban", room, userId, restriction: null });
        return c.body(null, 204);
      },
    )
    .get(
      "/:idOrSlug/mutes",
      describe("List who is muted in a room", {
        200: json(MutesPage, "A page; `nextCursor` is null at the end"),
        ...problems(...READ),
      }),
      signedIn,
      path(RoomPath),
      query(RestrictedQuery),
      async (c) => {
        const room = c.req.valid("param").idOrSlug;
        const request = c.req.valid("query");
        const page = await listRestricted(c.get("actor"), dependencies, room, "mute", request);
        const { items, nextCursor } = page;
        return c.json({ mutes: items.map(presentRestricted), nextCursor }, 200);
      },
    )
    .put(
      "/:idOrSlug/mutes/:userId",
      describe("Mute a user in a room: they read, and neither send nor react", {
        204: empty("They are muted"),
        ...problems(...BODY, ...CHANGE),
      }),
      signedIn,
      path(MemberPath),
      optionalJson(isDraining),
      jsonBody(MuteRequest),
      async (c) => {
        const actor = await participant(c, dependencies);
        const { idOrSlug: room, userId } = named(c.req.valid("param"), actor);
        const restriction = ending(c.req.valid("json"));
        await restrictMember(actor, dependencies, { kind: "mute", room, userId, restriction });
        return c.body(null, 204);
      },
    )
    .delete(
      "/:idOrSlug/mutes/:userId",
      describe("Lift a mute", {
        204: empty("They are not muted"),
        ...problems(...CHANGE),
      }),
      signedIn,
      path(MemberPath),
      async (c) => {
        const actor = await participant(c, dependencies);
        const { idOrSlug: room, userId } = named(c.req.valid("param"), actor);
        await restrictMember(actor, dependencies, {
          kind: "mute",
          room,
          userId,
          restriction: null,
        });
        return c.body(null, 204);
      },
    );
}

/** `me` stands for the actor. */
function named<P extends { userId: string }>(path: P, { userId }: Actor): P {
  return path.userId === "me" ? { ...path, userId } : path;
}
