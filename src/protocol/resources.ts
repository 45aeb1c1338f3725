/** What the server shows of users, rooms and messages, over REST and in events. */
import { z } from "zod";
import type * as domain from "../domain/message.ts";
import type { Room as DomainRoom } from "../domain/room.ts";
import { publicUser, type User as DomainUser } from "../domain/user.ts";
import type * as wire from "./wire.ts";

const Id = z.string().meta({ description: "opaque" });
const Time = z.string().meta({ format: "date-time", description: "ISO 8601, UTC" });

export const PublicUser = z.object({
  id: Id,
  displayName: z.string(),
  avatarUrl: z.string().nullable(),
}).meta({ id: "PublicUser", description: "what others see of a user" }) satisfies z.ZodType<
  wire.PublicUser
>;

export const User = z.object({
  id: Id,
  email: z.string(),
  displayName: z.string(),
  avatarUrl: z.string().nullable(),
  onboardingCompleted: z.boolean(),
  createdAt: Time,
  updatedAt: Time,
}).meta({ id: "User", description: "oneself" }) satisfies z.ZodType<wire.User>;

export const Room = z.object({
  id: Id,
  name: z.string(),
  slug: z.string(),
  description: z.string().nullable(),
  createdBy: PublicUser,
  lastSeq: z.int().min(0),
  createdAt: Time,
  updatedAt: Time,
}).meta({ id: "Room" }) satisfies z.ZodType<wire.Room>;

export const Message = z.object({
  id: Id,
  roomId: Id,
  seq: z.int().min(1),
  sender: PublicUser,
  text: z.string(),
  system: z.boolean(),
  clientMessageId: z.string(),
  createdAt: Time,
  updatedAt: Time,
}).meta({ id: "Message" }) satisfies z.ZodType<wire.Message>;

export type PublicUser = wire.PublicUser;
export type User = wire.User;
export type Room = wire.Room;
export type Message = wire.Message;

/** A user as they see themselves: all but the password's hash. */
export function presentUser(user: DomainUser): User {
  const { id, email, displayName, avatarUrl, onboardingCompleted, createdAt, updatedAt } = user;
  return {
    id,
    email,
    displayName,
    avatarUrl,
    onboardingCompleted,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

export function presentRoom(room: DomainRoom): Room {
  const { id, name, slug, description, createdBy, lastSeq, createdAt, updatedAt } = room;
  return {
    id,
    name,
    slug,
    description,
    createdBy: publicUser(createdBy),
    lastSeq,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

export function presentMessage(message: domain.Message): Message {
  const { id, roomId, seq, sender, text, system, clientMessageId, createdAt, updatedAt } = message;
  const created = createdAt.toISOString();
  // Most were never changed, and writing times takes a third of showing a page of them.
  const isUnchanged = updatedAt.getTime() === createdAt.getTime();
  return {
    id,
    roomId,
    seq,
    sender: publicUser(sender),
    text,
    system,
    clientMessageId,
    createdAt: created,
    updatedAt: isUnchanged ? created : updatedAt.toISOString(),
  };
}
