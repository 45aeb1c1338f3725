/** `/rooms/…/invitations` and `/invitations/…`. */
import { type Context, Hono } from "hono";
import {
  createInvitation,
  listInvitations,
  revokeInvitation,
} from "../application/invitations/manage_invitations.ts";
import { readInvitation, useInvitation } from "../application/invitations/use_invitation.ts";
import { RoomPath } from "../protocol/schemas/fields.ts";
import {
  CodePath,
  InvitationAnswer,
  InvitationCreation,
  InvitationPath,
  InvitationsPage,
  InvitationsQuery,
  InvitedRoomAnswer,
  presentInvitation,
  presentInvited,
} from "../protocol/schemas/invitations.ts";
import { presentListed, RoomAnswer } from "../protocol/schemas/rooms.ts";
import type { Services } from "../services/services.ts";
import { AUTH, BODY, describedAs, empty, json, problems } from "./answers.ts";
import type { Env } from "./context.ts";
import { consume, participant, requireUser } from "./guards.ts";
import { jsonBody, optionalJson, path, query } from "./input.ts";

const describe = describedAs("invitations");

/** Invitations as those see them who may invite. */
export function roomInvitationRoutes(services: Services, isDraining: () => boolean) {
  const signedIn = requireUser(services);
  return new Hono<Env>()
    .post(
      "/:idOrSlug/invitations",
      describe("Invite to a room by a code, which is shown this once", {
        201: json(InvitationAnswer, "The invitation"),
        ...problems(
          ...BODY,
          "validation_failed",
          "room_not_found",
          "forbidden",
          "limit_reached",
          ...AUTH,
        ),
      }),
      signedIn,
      path(RoomPath),
      optionalJson(isDraining),
      jsonBody(InvitationCreation),
      async (c) => {
        const { expiresIn, maxUses } = c.req.valid("json");
        const actor = await participant(c, services);
        const input = { expiresIn: expiresIn ?? undefined, maxUses: maxUses ?? undefined };
        const { idOrSlug } = c.req.valid("param");
        const { invitation, code } = await createInvitation(actor, services, idOrSlug, input);
        const shown = { ...presentInvitation(invitation), code, url: `/#/invite/${code}` };
        return c.json({ invitation: shown }, 201);
      },
    )
    .get(
      "/:idOrSlug/invitations",
      describe("List a room's invitations, without their codes", {
        200: json(InvitationsPage, "A page; `nextCursor` is null at the end"),
        ...problems("validation_failed", "room_not_found", "forbidden", ...AUTH),
      }),
      signedIn,
      path(RoomPath),
      query(InvitationsQuery),
      async (c) => {
        const actor = await participant(c, services);
        const { idOrSlug } = c.req.valid("param");
        const page = await listInvitations(actor, services, idOrSlug, c.req.valid("query"));
        return c.json({ ...page, invitations: page.invitations.map(presentInvitation) }, 200);
      },
    )
    .delete(
      "/:idOrSlug/invitations/:invitationId",
      describe("Revoke an invitation", {
        204: empty("Nobody can use it any more"),
        ...problems("validation_failed", "room_not_found", "forbidden", ...AUTH),
      }),
      signedIn,
      path(InvitationPath),
      async (c) => {
        const { idOrSlug, invitationId } = c.req.valid("param");
        await revokeInvitation(await participant(c, services), services, idOrSlug, invitationId);
        return c.body(null, 204);
      },
    );
}

/** Invitations as the invited see them. */
export function invitationRoutes(services: Services) {
  const signedIn = requireUser(services);

  /** Counts attempts that fail: codes are not to be guessed. */
  async function limited<T>(c: Context<Env>, attempt: () => Promise<T>): Promise<T> {
    const { userId } = c.get("actor");
    await consume(c, services, "invitation", userId);
    const result = await attempt();
    await services.rateLimits.takeBack("invitation", userId);
    return result;
  }

  return new Hono<Env>()
    .get(
      "/:code",
      describe("Read which room a code invites to", {
        200: json(InvitedRoomAnswer, "What the invited see of the room"),
        ...problems("validation_failed", "invitation_not_found", ...AUTH),
      }),
      signedIn,
      path(CodePath),
      async (c) => {
        const actor = await participant(c, services);
        const { code } = c.req.valid("param");
        const room = await limited(c, () => readInvitation(actor, services, code));
        return c.json({ room: presentInvited(room) }, 200);
      },
    )
    .post(
      "/:code",
      describe("Become a member of the room that a code invites to", {
        200: json(RoomAnswer, "The room, of which one is a member, now or before"),
        ...problems("validation_failed", "invitation_not_found", ...AUTH),
      }),
      signedIn,
      path(CodePath),
      async (c) => {
        const actor = await participant(c, services);
        const { code } = c.req.valid("param");
        const { room, me } = await limited(c, () => useInvitation(actor, services, code));
        return c.json({ room: presentListed(room, me) }, 200);
      },
    );
}
