/** Notifies users of messages that concern them, wherever they have a socket. */
import { getLogger } from "@logtape/logtape";
import type { Entry } from "../domain/entry.ts";
import { failureLevel } from "../domain/errors.ts";
import type { MentionReason } from "../domain/mention.ts";
import type { Bus } from "../ports/bus.ts";
import type { Access } from "./access.ts";
import type { RoomAccess } from "./room_access.ts";
import type { RoomCache } from "./room_cache.ts";

const logger = getLogger(["echoroom", "mentions"]);

export class Mentions {
  readonly #access: Pick<Access, "readers">;
  readonly #rooms: Pick<RoomCache, "find">;
  readonly #bus: Bus;

  constructor(access: Pick<Access, "readers">, rooms: Pick<RoomCache, "find">, bus: Bus) {
    this.#access = access;
    this.#rooms = rooms;
    this.#bus = bus;
  }

  /**
   * Notifies, in the background, whom a new message names, answers or is written to. What fails is
   * lost: it is a hint, and the list of mentions is the truth.
   * @param answered the id of the user whose message it answers
   */
  notify(
    room: RoomAccess,
    entry: Entry,
    answered: string | null,
  ): void {
    this.#notify(room, entry, answered).catch((error) => {
      const failure = { messageId: entry.id, error };
      logger[failureLevel(error)]("Nobody is notified of {messageId}: {error}", failure);
    });
  }

  async #notify(
    { roomId, rules }: RoomAccess,
    { by, message, seq }: Entry,
    answered: string | null,
  ): Promise<void> {
    const reasons = new Map<string, MentionReason>();
    if (rules.type === "direct") {
      const { members = [] } = await this.#rooms.find(roomId);
      for (const { id } of members) reasons.set(id, "direct");
    }
    if (answered !== null) reasons.set(answered, "reply");
    for (const id of message.mentions) reasons.set(id, "mention");
    reasons.delete(by.id);
    const hint = { roomId, messageId: message.id, by };
    const readers = await this.#access.readers(roomId, [...reasons.keys()], seq);
    for (const accountId of readers) {
      const mention = { ...hint, reason: reasons.get(accountId)! };
      this.#bus.publish({ kind: "mentioned", accountId, mention });
    }
    if (!message.mentionsRoom) return;
    const notified = [by.id, ...readers];
    const mention = { ...hint, reason: "room" as const };
    this.#bus.publish({ kind: "everybody_mentioned", mention, notified });
  }
}
