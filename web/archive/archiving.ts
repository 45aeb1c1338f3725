/** Keeps a copy of the user's rooms in this browser while they are there, and the name of the user. */
import { effect, type ReadonlySignal } from "@preact/signals";
import type { PublicUser, Room, RoomSummary } from "../../src/client/mod.ts";
import { kept } from "../kept.ts";
import { signalOf } from "../observed.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { RoomArchive } from "./room_archive.ts";

const KEPT_USER_ID = kept("echoroom:user");

/** Whose rooms are kept here; null for nobody's. */
export function archivedUserId(): string | null {
  return KEPT_USER_ID.read();
}

/** Removes what is kept, whoever it is of. */
export function eraseArchive(): void {
  const userId = archivedUserId();
  if (userId !== null) void new Archiving({ id: userId }).erase();
}

export class Archiving {
  readonly #archive: RoomArchive;
  #ends: (() => void)[] = [];

  constructor({ id }: Pick<PublicUser, "id">) {
    this.#archive = new RoomArchive(id);
  }

  /** Keeps the open room, and of the others those that are followed. */
  start(
    userId: string,
    rooms: ReadonlySignal<readonly RoomSummary[] | null>,
    open: ReadonlySignal<OpenRoom | null>,
  ): void {
    KEPT_USER_ID.write(userId);
    // Removes what is of other users.
    void this.#archive.load();
    const hide = () => void (document.hidden && this.#archive.flush());
    document.addEventListener("visibilitychange", hide);
    this.#ends = [
      () => document.removeEventListener("visibilitychange", hide),
      effect(() => {
        const members = rooms.value?.filter(({ isMember }) => isMember).map(({ id }) => id);
        const room = open.value?.room;
        // Refused if the user was taken out of it.
        const isReadable = room && signalOf(room.state).value.status !== "failed";
        if (members) this.#archive.retain(isReadable ? [...members, room.id] : members);
      }),
      effect(() => {
        const room = open.value?.room;
        const isReadable = room && signalOf(room.state).value.status !== "failed";
        const info = isReadable && signalOf(room.info).value;
        if (info) this.#archive.keep(info, signalOf(room.messages).value, true);
      }),
    ];
  }

  /** Keeps a room that is not open. Returns what ends that. */
  follow(room: Room): () => void {
    const keep = () => {
      const info = room.info.get();
      if (info) this.#archive.keep(info, room.messages.get());
    };
    keep();
    return room.messages.subscribe(keep);
  }

  /** Ends, and removes everything: the user has signed out. */
  async erase(): Promise<void> {
    for (const end of this.#ends) end();
    KEPT_USER_ID.erase();
    await this.#archive.erase();
  }
}
