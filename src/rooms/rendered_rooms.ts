/** Rooms as sockets are sent them: serialised once for all that come in before something changes. */
import type { NewRoom } from "../domain/room.ts";
import { presentRoom } from "../protocol/schemas/rooms.ts";
import type { Admission } from "../services/access.ts";
import type { RecentProfiles } from "./recent_profiles.ts";

interface RenderedRoom {
  lastSeq: number;
  /** `RecentProfiles.changes` at the time. */
  changes: number;
  /** The room as the protocol shows it, in JSON. */
  text: string;
}

export class RenderedRooms {
  readonly #profiles: RecentProfiles;
  readonly #rendered = new WeakMap<NewRoom, RenderedRoom>();

  constructor(profiles: RecentProfiles) {
    this.#profiles = profiles;
  }

  /** The room as the protocol shows it, in JSON, with the users in it as they are now. */
  textOf({ room, lastSeq }: Omit<Admission, "access">): string {
    const { changes } = this.#profiles;
    const known = this.#rendered.get(room);
    if (known?.lastSeq === lastSeq && known.changes === changes) return known.text;
    const text = JSON.stringify(presentRoom({ ...this.#profiles.inRoom(room), lastSeq }));
    this.#rendered.set(room, { lastSeq, changes, text });
    return text;
  }
}
