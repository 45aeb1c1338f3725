/** Who is typing in which room, until they stop, send, leave, or have been silent for 6 s. */
import { type PublicUser, publicUser } from "../domain/user.ts";
import { frame } from "../protocol/events.ts";
import type { Connection } from "./connection.ts";

const SILENCE_MS = 6_000;

/** A user who types in a room: with these sockets, and no longer than the timer. */
interface Typist {
  user: PublicUser;
  sockets: Set<Connection>;
  timer: ReturnType<typeof setTimeout>;
}

export class Typing {
  readonly #broadcast: (roomId: string, text: string, exceptUserId: string) => void;
  readonly #rooms = new Map<string, Map<string, Typist>>();

  /** @param broadcast sends a frame to every socket in a room but those of one user */
  constructor(broadcast: (roomId: string, text: string, exceptUserId: string) => void) {
    this.#broadcast = broadcast;
  }

  start(roomId: string, connection: Connection, user: PublicUser): void {
    const timer = setTimeout(() => this.end(roomId, user.id), SILENCE_MS);
    const typist = this.#rooms.get(roomId)?.get(user.id);
    if (typist) {
      clearTimeout(typist.timer);
      typist.timer = timer;
      typist.sockets.add(connection);
      return;
    }
    const typists = this.#rooms.get(roomId) ?? new Map<string, Typist>();
    typists.set(user.id, { user: publicUser(user), sockets: new Set([connection]), timer });
    this.#rooms.set(roomId, typists);
    this.#tell(roomId, user, true);
  }

  /** This socket types no more; the user does while another of theirs goes on. */
  stop(roomId: string, connection: Connection, userId: string): void {
    const typist = this.#rooms.get(roomId)?.get(userId);
    if (typist?.sockets.delete(connection) && typist.sockets.size === 0) this.end(roomId, userId);
  }

  /** The user types no more, on any socket. */
  end(roomId: string, userId: string): void {
    const typists = this.#rooms.get(roomId);
    const typist = typists?.get(userId);
    if (!typists || !typist) return;
    clearTimeout(typist.timer);
    typists.delete(userId);
    if (typists.size === 0) this.#rooms.delete(roomId);
    this.#tell(roomId, typist.user, false);
  }

  close(): void {
    for (const typists of this.#rooms.values()) {
      for (const { timer } of typists.values()) clearTimeout(timer);
    }
    this.#rooms.clear();
  }

  #tell(roomId: string, user: PublicUser, isTyping: boolean): void {
    const text = frame("typing:update", { roomId, user: publicUser(user), isTyping });
    this.#broadcast(roomId, text, user.id);
  }
}
