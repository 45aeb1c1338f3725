/** Who is typing in which room, until they stop, send or leave, or 6 s after the last start. */
import { type PublicUser, publicUser } from "../domain/user.ts";
import type { Bus, BusEvent } from "../ports/bus.ts";
import { frame } from "../protocol/frames.ts";
import { TYPING_MS } from "../protocol/wire/limits.ts";
import type { Subscriber } from "./subscriber.ts";
import { RecentProfiles } from "./recent_profiles.ts";

/** Other instances publish when a user stops; this is for when that is lost. */
const SILENCE_ELSEWHERE_MS = 9_000;
/** How often at most this instance publishes that a user goes on. */
const REPEAT_MS = 2_000;

type Broadcast = (roomId: string, text: string, exceptUserId: string) => void;

/** Where a user types: on a socket here, or on another instance. */
type Source = Subscriber | string;

interface Typist {
  user: PublicUser;
  /** Each ends by itself when its timer does. */
  sources: Map<Source, ReturnType<typeof setTimeout>>;
  /** When it was last published that they type here; 0 if they do not. */
  published: number;
}

export class Typing {
  readonly #bus: Bus;
  readonly #broadcast: Broadcast;
  readonly #profiles: RecentProfiles;
  readonly #rooms = new Map<string, Map<string, Typist>>();

  /**
   * @param broadcast sends a frame to every socket in a room but those of one user
   * @param profiles must receive each event before this does
   */
  constructor(bus: Bus, broadcast: Broadcast, profiles = new RecentProfiles()) {
    this.#bus = bus;
    this.#broadcast = broadcast;
    this.#profiles = profiles;
  }

  /** A user types on this socket; to be called again for as long as they go on. */
  start(roomId: string, subscriber: Subscriber, user: PublicUser): void {
    const typist = this.#add(roomId, user, subscriber, TYPING_MS);
    if (Date.now() - typist.published < REPEAT_MS) return;
    typist.published = Date.now();
    this.#publish(roomId, typist.user, "started");
  }

  /** Ends typing on this socket; the user still types while another socket of theirs does. */
  stop(roomId: string, subscriber: Subscriber, userId: string): void {
    this.#remove(roomId, userId, subscriber);
  }

  /** Ends typing on all sockets of the user, on every instance. */
  end(roomId: string, userId: string): void {
    const typist = this.#rooms.get(roomId)?.get(userId);
    if (!typist) return;
    this.#publish(roomId, typist.user, "ended");
    this.#clear(roomId, typist);
  }

  receive(event: BusEvent, from: string): void {
    if (event.kind === "profile_changed") return this.#showProfile(event.user);
    if (event.kind !== "typing" || from === this.#bus.instanceId) return;
    const { roomId, state } = event;
    const user = this.#profiles.current(event.user);
    if (state === "started") this.#add(roomId, user, from, SILENCE_ELSEWHERE_MS);
    if (state === "stopped") this.#remove(roomId, user.id, from);
    const typist = this.#rooms.get(roomId)?.get(user.id);
    if (state === "ended" && typist) this.#clear(roomId, typist);
  }

  close(): void {
    for (const typists of this.#rooms.values()) {
      for (const { sources } of typists.values()) sources.forEach(clearTimeout);
    }
    this.#rooms.clear();
  }

  #showProfile(user: PublicUser): void {
    for (const typists of this.#rooms.values()) {
      const typist = typists.get(user.id);
      if (typist) typist.user = publicUser(user);
    }
  }

  #add(roomId: string, user: PublicUser, source: Source, milliseconds: number): Typist {
    const typists = this.#rooms.get(roomId) ?? new Map<string, Typist>();
    this.#rooms.set(roomId, typists);
    let typist = typists.get(user.id);
    if (!typist) {
      typists.set(user.id, typist = { user: publicUser(user), sources: new Map(), published: 0 });
      this.#notify(roomId, user, true);
    }
    clearTimeout(typist.sources.get(source));
    const timer = setTimeout(() => this.#remove(roomId, user.id, source), milliseconds);
    typist.sources.set(source, timer);
    return typist;
  }

  #remove(roomId: string, userId: string, source: Source): void {
    const typist = this.#rooms.get(roomId)?.get(userId);
    if (!typist?.sources.has(source)) return;
    clearTimeout(typist.sources.get(source));
    typist.sources.delete(source);
    if (typist.published > 0 && !typist.sources.keys().some((left) => typeof left !== "string")) {
      typist.published = 0;
      this.#publish(roomId, typist.user, "stopped");
    }
    if (typist.sources.size === 0) this.#clear(roomId, typist);
  }

  #clear(roomId: string, { user, sources }: Typist): void {
    sources.forEach(clearTimeout);
    const typists = this.#rooms.get(roomId);
    typists?.delete(user.id);
    if (typists?.size === 0) this.#rooms.delete(roomId);
    this.#notify(roomId, user, false);
  }

  #publish(roomId: string, user: PublicUser, state: "started" | "stopped" | "ended"): void {
    this.#bus.publish({ kind: "typing", roomId, user, state });
  }

  #notify(roomId: string, user: PublicUser, isTyping: boolean): void {
    const text = frame("typing:update", { roomId, user: publicUser(user), isTyping });
    this.#broadcast(roomId, text, user.id);
  }
}
