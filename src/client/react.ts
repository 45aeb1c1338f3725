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
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";
import type { PublicUser, User } from "../protocol/wire/users.ts";
import type { ChatMessage } from "./chat_message.ts";
import type { Client } from "./client.ts";
import type { ConnectionState } from "./connection.ts";
import type { Observable } from "./observable.ts";
import type { Unread } from "./reading.ts";
import type { Attendance, Room, RoomState } from "./room.ts";
import type { RoomSummary } from "./room_summary.ts";
import type { Thread } from "./thread.ts";

const NO_MESSAGES: readonly ChatMessage[] = [];
const NOBODY: Attendance = { count: null, users: [] };
const WAITING: RoomState = { status: "waiting" };
const NOTHING_UNREAD: Unread = { count: 0, mentions: 0, readSeq: null };
const NO_CAPABILITIES: readonly string[] = [];
const NO_USERS: readonly PublicUser[] = [];

const ClientContext = createContext<Client | null>(null);

/** What {@linkcode EchoRoomProvider} is given. */
export interface EchoRoomProviderProps {
  /** Made once, outside the components. */
  client: Client;
  /** The components that use it. */
  children?: ReactNode;
}

/** Gives a client to the components in it, which get it by {@linkcode useClient}. */
export function EchoRoomProvider({ client, children }: EchoRoomProviderProps): ReactElement {
  return createElement(ClientContext.Provider, { value: client }, children);
}

/**
 * The client of the provider around the component.
 * @throws {Error} if there is no {@linkcode EchoRoomProvider}
 */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error("useClient needs an EchoRoomProvider around the component.");
  return client;
}

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

/** What the user may do in a room; nothing until it was first joined, and without a room. */
export function useCapabilities(room: Room | null): readonly string[] {
  return useOptional(room?.capabilities, NO_CAPABILITIES);
}

/** How much of a room the user has not read; nothing without a room. */
export function useUnread(room: Room | null): Unread {
  return useOptional(room?.unread, NOTHING_UNREAD);
}

/** How many unread messages name the user, answer them, or mean everybody; 0 without a room. */
export function useMentions(room: Room | null): number {
  return useUnread(room).mentions;
}

/** A room's pinned messages, oldest first; null until they are loaded, and without a room. */
export function usePins(room: Room | null): readonly ChatMessage[] | null {
  return useOptional(room?.pins, null);
}

/**
 * Opens a thread for as long as the component is there, and loads its newest answers.
 * @param messageId of its root, or of any of its messages that is shown; null for none
 * @returns null until the component has been shown with this thread
 */
export function useThread(room: Room | null, messageId: string | null): Thread | null {
  const [opened, setOpened] = useState<Opened | null>(null);
  useEffect(() => {
    if (!room || messageId === null) return;
    const thread = room.thread(messageId);
    setOpened({ room, messageId, thread });
    let isLoaded = false;
    const load = () => {
      if (isLoaded || room.state.get().status !== "live") return;
      // What fails is tried again when the room is next live.
      thread.loadOlder().then(() => isLoaded = true, () => {});
    };
    load();
    const end = room.state.subscribe(load);
    return () => {
      end();
      thread.close();
      setOpened(null);
    };
  }, [room, messageId]);
  return opened?.room === room && opened.messageId === messageId ? opened.thread : null;
}

/** The answers in a thread, oldest first; none without a thread. */
export function useReplies(thread: Thread | null): readonly ChatMessage[] {
  return useOptional(thread?.replies, NO_MESSAGES);
}

/** The message that a thread begins with; null until it is known, and without a thread. */
export function useThreadRoot(thread: Thread | null): ChatMessage | null {
  return useOptional(thread?.root, null);
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

interface Opened {
  room: Room;
  messageId: string;
  thread: Thread;
}

function useOptional<T>(observable: Observable<T> | undefined, otherwise: T): T {
  const subscribe = observable?.subscribe ?? subscribeToNothing;
  const get = observable?.get ?? (() => otherwise);
  return useSyncExternalStore(subscribe, get, get);
}

function subscribeToNothing(): () => void {
  return () => {};
}
