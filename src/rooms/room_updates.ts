/** Shows sockets in a room its new settings, and what their users may do in it now. */
import { getLogger } from "@logtape/logtape";
import { Batcher } from "../async/batcher.ts";
import type { Entry } from "../domain/entry.ts";
import { failureLevel } from "../domain/errors.ts";
import { memberChanges, settingChanges } from "../domain/room_changes.ts";
import { frameOf } from "../protocol/frames.ts";
import { presentCapabilities } from "../protocol/schemas/rooms.ts";
import type { Access, Admission } from "../services/access.ts";
import type { RenderedRooms } from "./rendered_rooms.ts";
import type { ServedRoom } from "./served_room.ts";
import type { Subscriber } from "./subscriber.ts";

const logger = getLogger(["echoroom", "rooms"]);

/** Sockets that are shown a change in one turn. */
const AT_ONCE = 500;

/** Whom a change concerns: users, or all in the room. */
type Concerned = readonly string[] | "all";

/**
 * Sends `room:updated`, a hint, beside the entry that made the change if there is one: what could not
 * be read is not sent. One change of a room is shown at a time; what comes meanwhile is shown together.
 */
export class RoomUpdates {
  readonly #access: Pick<Access, "admit" | "renew">;
  readonly #rendered: RenderedRooms;
  readonly #rooms = new Map<string, Batcher<Concerned>>();

  constructor(access: Pick<Access, "admit" | "renew">, rendered: RenderedRooms) {
    this.#access = access;
    this.#rendered = rendered;
  }

  /** Shows a room after an entry that was delivered in it. */
  show({ roomId, message }: Entry, room: ServedRoom): void {
    const isForAll = settingChanges(message) !== null;
    const concerned = isForAll ? "all" : memberChanges(message).map(({ userId }) => userId);
    void this.showTo(concerned, roomId, room);
  }

  /**
   * Shows a room to those concerned, as they may do something else in it now. Resolves once they, and
   * all whom later changes concern, are shown it; never rejects.
   */
  async showTo(concerned: Concerned, roomId: string, room: ServedRoom): Promise<void> {
    const shown = this.#rooms.get(roomId) ?? this.#open(roomId, room);
    shown.add(concerned);
    await shown.idle();
  }

  #open(roomId: string, room: ServedRoom): Batcher<Concerned> {
    const shown = new Batcher<Concerned>(
      (waiting) => this.#showNext(roomId, room, waiting.splice(0)),
      () => this.#rooms.delete(roomId),
    );
    this.#rooms.set(roomId, shown);
    return shown;
  }

  async #showNext(roomId: string, room: ServedRoom, concerned: Concerned[]): Promise<void> {
    const userIds = concerned.includes("all") ? undefined : concerned.flat();
    const subscribers = room.subscribers(userIds);
    const frames = new Map<unknown, string>();
    const errors: unknown[] = [];
    for (let i = 0; i < subscribers.length; i += AT_ONCE) {
      const some = subscribers.slice(i, i + AT_ONCE);
      // One whose access cannot be read must not keep the others from seeing it.
      await Promise.all(some.map((each) => {
        return this.#showTo(each, roomId, room, frames).catch((error) => errors.push(error));
      }));
    }
    if (errors.length === 0) return;
    const [error] = errors;
    const failure = { roomId, count: errors.length, error };
    const level = failureLevel(error);
    logger[level]("{count} sockets are not shown room {roomId} as it is now: {error}", failure);
  }

  async #showTo(
    subscriber: Subscriber,
    roomId: string,
    room: ServedRoom,
    frames: Map<unknown, string>,
  ): Promise<void> {
    const { userId, isAdmin } = subscriber;
    if (userId === null) return;
    const actor = { userId, isAdmin };
    let isRenewed = false;
    while (room.has(subscriber)) {
      const admission = this.#access.admit(actor, roomId, room.feed.head);
      if (admission instanceof Promise) {
        await admission;
        continue;
      }
      const renewal = isRenewed ? undefined : this.#access.renew(actor, admission.access);
      if (renewal) {
        await renewal;
        isRenewed = true;
        continue;
      }
      const { capabilities } = admission.access;
      // Most users may do the same: serialised once for them.
      const text = frames.get(capabilities) ?? this.#frameOf(admission);
      frames.set(capabilities, text);
      return subscriber.send(text);
    }
  }

  #frameOf(admission: Admission): string {
    const { access: { capabilities, roomId } } = admission;
    return frameOf("room:updated", {
      roomId: JSON.stringify(roomId),
      room: this.#rendered.textOf(admission),
      capabilities: JSON.stringify(presentCapabilities(capabilities)),
    });
  }
}
