/**
 * Hooks for React 18 and later: a component shows what is there and is shown again when it changes.
 *
 * @example
 * ```tsx
 * import type { Client } from "@echoroom/client";
 * import { useMessages, useRoom } from "@echoroom/client/react";
 *
 * function Chat({ client }: { client: Client }) {
 *   const room = useRoom(client, "general");
 *   const messages = useMessages(room);
 *   return <ol>{messages.map(({ key, text }) => <li key={key}>{text}</li>)}</ol>;
 * }
 * ```
 *
 * @module
 */
import { useEffect, useState, useSyncExternalStore } from "react";
import type { PublicUser, User } from "../protocol/wire/users.ts";
import type { ChatMessage } from "./chat_message.ts";
import type { Client } from "./client.ts";
import type { ConnectionState } from "./connection.ts";
import type { Observable } from "./observable.ts";
import type { Unread } from "./reading.ts";
import type { Attendance, Room, RoomState } from "./room.ts";
import type { RoomSummary } from "./room_list.ts";

const NO_MESSAGES: readonly ChatMessage[] = [];
const NOBODY: Attendance = { count: null, users: [] };
const WAITING: RoomState = { status: "waiting" };
const NOTHING_UNREAD: Unread = { count: 0, mentions: 0, readSeq: null };
const NO_USERS: readonly PublicUser[] = [];

/** The value of anything observable. */
export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.get, observable.get);
}

/** The state of the connection. */
export function useConnection(client: Client): ConnectionState {
  return useObservable(client.connection);
}

/** Who is signed in. */
export function useUser(client: Client): User | null {
  return useObservable(client.user);
}

/**
 * Joins a room for as long as the component is there.
 * @param idOrSlug null for none
 * @returns null until the component has been shown with this room
 */
export function useRoom(client: Client, idOrSlug: string | null): Room | null {
  const [joined, setJoined] = useState<{ client: Client; room: Room } | null>(null);
  const [losses, setLosses] = useState(0);
  useEffect(() => {
    if (idOrSlug === null) return;
    const room = client.join(idOrSlug);
    setJoined({ client, room });
    // Rooms end with the session; the next user joins them again.
    const end = room.state.subscribe(() => {
      if (room.state.get().status === "left") setLosses((count) => count + 1);
    });
    return () => {
      end();
      room.leave();
      setJoined(null);
    };
  }, [client, idOrSlug, losses]);
  // Between being asked for another room and joining it this is still the one before.
  return joined?.client === client && joined.room.name === idOrSlug ? joined.room : null;
}

/**
 * All rooms, by name, with what is unread; null until they are known. While a component uses it, the
 * list is kept current.
 */
export function useRooms(client: Client): readonly RoomSummary[] | null {
  return useObservable(client.rooms);
}

/** The state of a room; `waiting` without one. */
export function useRoomState(room: Room | null): RoomState {
  return useOptional(room?.state, WAITING);
}

/** How much of a room the user has not read; nothing without a room. */
export function useUnread(room: Room | null): Unread {
  return useOptional(room?.unread, NOTHING_UNREAD);
}

/** A room's messages, oldest first; none without a room. */
export function useMessages(room: Room | null): readonly ChatMessage[] {
  return useOptional(room?.messages, NO_MESSAGES);
}

/** Who is in a room. */
export function useOnline(room: Room | null): Attendance {
  return useOptional(room?.online, NOBODY);
}

/** Who else types in a room. */
export function useTyping(room: Room | null): readonly PublicUser[] {
  return useOptional(room?.typing, NO_USERS);
}

function useOptional<T>(observable: Observable<T> | undefined, otherwise: T): T {
  const subscribe = observable?.subscribe ?? subscribeToNothing;
  const get = observable?.get ?? (() => otherwise);
  return useSyncExternalStore(subscribe, get, get);
}

function subscribeToNothing(): () => void {
  return () => {};
}
