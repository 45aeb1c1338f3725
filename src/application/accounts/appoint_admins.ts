/** Makes accounts admins that the operator of the server names. */
import { getLogger } from "@logtape/logtape";
import { ChatError, hasCode } from "../../domain/errors.ts";
import type { User } from "../../domain/user.ts";
import { recordAction } from "../../services/audit.ts";
import type { Services } from "../../services/services.ts";
import { newUser } from "./register_user.ts";

const logger = getLogger(["echoroom", "accounts"]);

/**
 * Makes the account with an email an admin, and lifts a ban. Other instances notice it within 10 s.
 * @returns null if there is none
 * @throws ChatError `forbidden` if it is banned at the same moment, `unavailable`
 */
export async function appointAdmin(
  { store }: Pick<Services, "store">,
  email: string,
): Promise<User | null> {
  const user = await store.users.findByEmail(email);
  if (!user || user.role === "admin") return user;
  await store.users.setBan(user.id, null);
  if (!await store.users.setRole(user.id, "admin")) {
    throw new ChatError("forbidden", "The account was banned at this moment; try again.");
  }
  await recordAppointment({ store }, user.id);
  return { ...user, role: "admin", ban: null };
}

/**
 * Makes the accounts with these emails admins.
 * @param password of accounts that are missing; null leaves them out
 * @throws ChatError `unavailable`
 */
export async function appointAdmins(
  services: Pick<Services, "store" | "passwords">,
  emails: Iterable<string>,
  password: string | null,
): Promise<void> {
  for (const email of emails) {
    const userId = password === null ? null : await create(services, email, password);
    if (userId) logger.info("Made the account of an admin: user {userId}", { userId });
    else await appointAdmin(services, email);
  }
}

/** @returns the id of the account; null if there is one with the email */
async function create(
  { store, passwords }: Pick<Services, "store" | "passwords">,
  email: string,
  password: string,
): Promise<string | null> {
  if (await store.users.findByEmail(email)) return null;
  const user = await newUser(passwords, { email, password, displayName: "Admin" });
  try {
    await store.users.create({ ...user, role: "admin" });
    await recordAppointment({ store }, user.id);
    return user.id;
  } catch (error) {
    // Another instance has started at the same time.
    if (hasCode(error, "email_taken")) return null;
    throw error;
  }
}

function recordAppointment({ store }: Pick<Services, "store">, userId: string): Promise<void> {
  return recordAction({ store }, null, "user_role", {
    userIds: [userId],
    data: { role: "admin" },
  });
}
