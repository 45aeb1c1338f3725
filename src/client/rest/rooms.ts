/** Rooms: creating, settings, one's own preferences, direct rooms. */
import type { Metadata } from "../../protocol/wire/messages.ts";
import type {
  ListedRoom,
  NewRoom,
  PostPolicy,
  RoomsPage,
  RoomsQuery,
} from "../../protocol/wire/rooms.ts";
import type { Api } from "../api.ts";
import { pathOf } from "../paths.ts";

/** What is changed of a room; what is left out stays. */
export interface RoomChanges {
  /** 1 to 80 characters; the slug stays. */
  name?: string;
  /** Up to 500 characters, or null for none. */
  description?: string | null;
  /** The lowest role that sends. */
  postPolicy?: PostPolicy;
  /** What a member waits between two messages, 0 to 21,600 s. */
  slowModeSeconds?: number;
  /** Whether nobody may send to it. */
  archived?: boolean;
  /** The app's own. */
  metadata?: Metadata | null;
}

/** What one wants of a room for oneself; what is left out stays. */
export interface RoomPreferences {
  /** What one wants to be notified of. */
  notifications?: "all" | "mentions" | "none";
  /** Whether it leaves the list until something new is in it. */
  hidden?: boolean;
}

/** `GET /rooms` */
export function listRooms(api: Api, query: RoomsQuery = {}): Promise<RoomsPage> {
  return api.listRooms(query);
}

/** `GET /rooms/:id`: the room, and what one may do in it. */
export function readRoom(
  api: Api,
  idOrSlug: string,
): Promise<{ room: ListedRoom; capabilities: string[] }> {
  return api.request("GET", pathOf("rooms", idOrSlug));
}

/** `POST /rooms` */
export function createRoom(api: Api, room: NewRoom): Promise<ListedRoom> {
  return api.createRoom(room);
}

/** `POST /directs`: the one direct room with a user, made if there is none yet. */
export async function openDirect(api: Api, userId: string): Promise<ListedRoom> {
  return (await api.request<RoomAnswer>("POST", "directs", { body: { userId } })).room;
}

/** `PATCH /rooms/:id` */
export async function updateRoom(
  api: Api,
  roomId: string,
  changes: RoomChanges,
): Promise<ListedRoom> {
  return (await api.request<RoomAnswer>("PATCH", pathOf("rooms", roomId), { body: changes })).room;
}

/** `DELETE /rooms/:id`: with all that is in it. */
export async function deleteRoom(api: Api, roomId: string): Promise<void> {
  await api.request("DELETE", pathOf("rooms", roomId));
}

/** `PUT /rooms/:id/preferences` */
export async function setPreferences(
  api: Api,
  roomId: string,
  preferences: RoomPreferences,
): Promise<void> {
  await api.request("PUT", pathOf("rooms", roomId, "preferences"), { body: preferences });
}

/** The answer of routes about one room. */
interface RoomAnswer {
  room: ListedRoom;
}
