/** `/users`: finding people, and what admins do with accounts. */
import { Hono } from "hono";
import { banUser, liftBan } from "../application/accounts/ban_user.ts";
import { findUser, searchUsers } from "../application/accounts/find_users.ts";
import { setInstanceRole } from "../application/accounts/set_instance_role.ts";
import type { Dependencies } from "../application/dependencies.ts";
import type { ErrorCode } from "../domain/errors.ts";
import { ending } from "../domain/restriction.ts";
import {
  BanRequest,
  FoundUserAnswer,
  FoundUsers,
  presentFound,
  RoleRequest,
  UserPath,
  UsersQuery,
} from "../protocol/schemas/users.ts";
import { AUTH, BODY, describedAs, empty, json, problems } from "./answers.ts";
import type { Env } from "./context.ts";
import { requireUser } from "./guards.ts";
import { jsonBody, optionalJson, path, query, requireJson } from "./input.ts";

const describe = describedAs("users");

/** Of what admins do. */
const ADMIN: ErrorCode[] = ["validation_failed", "forbidden", "not_found", ...AUTH];

export function userRoutes(dependencies: Dependencies, isDraining: () => boolean) {
  const signedIn = requireUser(dependencies);
  return new Hono<Env>()
    .get(
      "/",
      describe("Find people by the beginning of any word of their names", {
        200: json(FoundUsers, "Those who are banned only for admins"),
        ...problems("validation_failed", ...AUTH),
      }),
      signedIn,
      query(UsersQuery),
      async (c) => {
        const users = await searchUsers(c.get("actor"), dependencies, c.req.valid("query"));
        return c.json({ users: users.map(presentFound) }, 200);
      },
    )
    .get(
      "/:userId",
      describe("Read what others see of a user", {
        200: json(FoundUserAnswer, "For admins with role and ban"),
        ...problems("validation_failed", "not_found", ...AUTH),
      }),
      signedIn,
      path(UserPath),
      async (c) => {
        const user = await findUser(c.get("actor"), dependencies, c.req.valid("param").userId);
        return c.json({ user: presentFound(user) }, 200);
      },
    )
    .put(
      "/:userId/role",
      describe("Make a user an admin of the server, or take that from them: for admins", {
        204: empty("They have the role, now or before"),
        ...problems(...BODY, ...ADMIN),
      }),
      signedIn,
      path(UserPath),
      requireJson(isDraining),
      jsonBody(RoleRequest),
      async (c) => {
        const change = { ...c.req.valid("param"), ...c.req.valid("json") };
        await setInstanceRole(c.get("actor"), dependencies, change);
        return c.body(null, 204);
      },
    )
    .put(
      "/:userId/ban",
      describe("Ban a user from the server, which ends their sessions: for admins", {
        204: empty("They are banned, in place of a ban before"),
        ...problems(...BODY, ...ADMIN),
      }),
      signedIn,
      path(UserPath),
      optionalJson(isDraining),
      jsonBody(BanRequest),
      async (c) => {
        const { userId } = c.req.valid("param");
        await banUser(c.get("actor"), dependencies, userId, ending(c.req.valid("json")));
        return c.body(null, 204);
      },
    )
    .delete(
      "/:userId/ban",
      describe("Lift the ban of a user from the server: for admins", {
        204: empty("They may sign in, now or before"),
        ...problems(...ADMIN),
      }),
      signedIn,
      path(UserPath),
      async (c) => {
        await liftBan(c.get("actor"), dependencies, c.req.valid("param").userId);
        return c.body(null, 204);
      },
    );
}
