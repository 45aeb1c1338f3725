/** `/auth`: register, log in, refresh, log out, and the own profile. */
import { type Context, Hono } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import { describeRoute } from "hono-openapi";
import { changeProfile } from "../application/accounts/change_profile.ts";
import { getUser } from "../application/accounts/get_user.ts";
import { logIn } from "../application/accounts/log_in.ts";
import { registerUser } from "../application/accounts/register_user.ts";
import { endSessions } from "../application/sessions/end_sessions.ts";
import { refreshSession } from "../application/sessions/refresh_session.ts";
import type { SignedIn } from "../application/sessions/start_session.ts";
import { loginLimits, settleLogin } from "../services/login_limits.ts";
import type { Services } from "../services/services.ts";
import { hasCode } from "../domain/errors.ts";
import type { ProfileChanges } from "../domain/user.ts";
import * as protocol from "../protocol/schemas/auth.ts";
import { presentUser } from "../protocol/schemas/users.ts";
import { describedAs, json, problems, PUBLIC } from "./answers.ts";
import { clientAddress } from "./client_address.ts";
import type { Env } from "./context.ts";
import {
  consume,
  consumeAll,
  requireOpenRegistration,
  requireOrigin,
  requireUser,
} from "./guards.ts";
import { jsonBody, requireJson } from "./input.ts";
import type { OriginPolicy } from "./origin_policy.ts";

const describe = describedAs("auth");

const COOKIE = "refresh_token";
const DEVICE_COOKIE = "known_device";
/** Cookies of one name in one request that are tried. */
const MAX_COOKIES = 10;

export interface AuthSettings {
  production: boolean;
  trustProxy: number;
  registrationOpen: boolean;
  allowsOrigin: OriginPolicy;
  isDraining(): boolean;
}

export function authRoutes(services: Services, settings: AuthSettings) {
  const { production, trustProxy, registrationOpen, allowsOrigin, isDraining } = settings;
  const { knownDevices } = services;
  const cookie = { httpOnly: true, path: "/auth", sameSite: "Lax", secure: production } as const;

  async function signIn(c: Context<Env>, signedIn: SignedIn) {
    const { user, accessToken, expiresIn, refreshToken, refreshExpiresAt } = signedIn;
    const device = await knownDevices.remember(cookiesOf(c, DEVICE_COOKIE), user.email);
    setCookie(c, COOKIE, refreshToken, { ...cookie, expires: refreshExpiresAt });
    setCookie(c, DEVICE_COOKIE, device, { ...cookie, maxAge: knownDevices.ttl });
    return { user: presentUser(user), accessToken, expiresIn };
  }

  return new Hono<Env>()
    .post(
      "/register",
      describeRoute({
        tags: ["auth"],
        summary: "Create an account",
        security: PUBLIC,
        responses: {
          201: json(
            protocol.SignedIn,
            "The account, signed in; sets the refresh and device cookies",
          ),
          ...problems(
            "invalid_json",
            "validation_failed",
            "registration_closed",
            "forbidden",
            "email_taken",
            "payload_too_large",
            "unsupported_media_type",
          ),
        },
      }),
      requireOpenRegistration(registrationOpen),
      requireJson(isDraining),
      jsonBody(protocol.Registration),
      async (c) => {
        await consume(c, services, "register", clientAddress(c, trustProxy));
        const signedIn = await registerUser(services, c.req.valid("json"));
        return c.json(await signIn(c, signedIn), 201);
      },
    )
    .post(
      "/login",
      describeRoute({
        tags: ["auth"],
        summary: "Sign in",
        security: PUBLIC,
        responses: {
          200: json(protocol.SignedIn, "Signed in; sets the refresh and device cookies"),
          ...problems(
            "invalid_json",
            "validation_failed",
            "invalid_credentials",
            "account_banned",
            "payload_too_large",
            "unsupported_media_type",
          ),
        },
      }),
      requireJson(isDraining),
      jsonBody(protocol.Login),
      async (c) => {
        const credentials = c.req.valid("json");
        const { email } = credentials;
        const address = clientAddress(c, trustProxy);
        const deviceId = await knownDevices.recognise(cookiesOf(c, DEVICE_COOKIE), email);
        const limits = loginLimits({ email, address, deviceId });
        await consumeAll(c, services, limits);
        const signedIn = await logIn(services, credentials).catch(async (error) => {
          await settleLogin(services.rateLimits, limits, isWrong(error) ? "failure" : "unknown");
          throw error;
        });
        await settleLogin(services.rateLimits, limits, "success");
        return c.json(await signIn(c, signedIn), 200);
      },
    )
    .post(
      "/refresh",
      describeRoute({
        tags: ["auth"],
        summary: "Rotate the refresh cookie and get a new access token",
        security: [{ refreshCookie: [] }],
        responses: {
          200: json(protocol.SignedIn, "A new access token; sets a new refresh cookie"),
          ...problems(
            "unauthenticated",
            "token_expired",
            "session_revoked",
            "account_banned",
            "origin_not_allowed",
          ),
        },
      }),
      requireOrigin(allowsOrigin),
      async (c) => {
        const signedIn = await refreshSession(services, cookiesOf(c, COOKIE));
        return c.json(await signIn(c, signedIn), 200);
      },
    )
    .post(
      "/logout",
      describeRoute({
        tags: ["auth"],
        summary: "End the session",
        security: [{ refreshCookie: [] }, {}],
        responses: {
          204: { description: "Ended, or there was none; clears the refresh cookie" },
          ...problems("origin_not_allowed"),
        },
      }),
      requireOrigin(allowsOrigin),
      async (c) => {
        await endSessions(services, cookiesOf(c, COOKIE));
        deleteCookie(c, COOKIE, cookie);
        return c.body(null, 204);
      },
    )
    .get(
      "/me",
      describe("The signed-in user", {
        200: json(protocol.UserAnswer, "The user whose token it is"),
        ...problems("unauthenticated", "token_expired", "session_revoked"),
      }),
      requireUser(services),
      async (c) => {
        const user = await getUser(c.get("actor"), services);
        return c.json({ user: presentUser(user) }, 200);
      },
    )
    .patch(
      "/me",
      describe("Change the own profile", {
        200: json(protocol.UserAnswer, "The user as changed"),
        ...problems(
          "invalid_json",
          "validation_failed",
          "unauthenticated",
          "token_expired",
          "session_revoked",
          "payload_too_large",
          "unsupported_media_type",
        ),
      }),
      requireUser(services),
      requireJson(isDraining),
      jsonBody(protocol.profileChanges(production)),
      async (c) => {
        const changes = c.req.valid("json") as ProfileChanges;
        const user = await changeProfile(c.get("actor"), services, changes);
        return c.json({ user: presentUser(user) }, 200);
      },
    );
}

function isWrong(error: unknown): boolean {
  return hasCode(error, "invalid_credentials");
}

/**
 * The values of all cookies of one name: a browser sends several of one name if they were set for other
 * paths or domains (RFC 6265, 5.4), and does not say which is which.
 */
function cookiesOf(c: Context<Env>, name: string): string[] {
  const values = (c.req.header("cookie") ?? "").split(/[;,]/)
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return [...new Set(values)].slice(0, MAX_COOKIES);
}
