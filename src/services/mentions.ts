/** Notifies users of messages that concern them, wherever they have a socket. */
import { getLogger } from "@logtape/logtape";
import type { Participant } from "../domain/actor.ts";
import type { Entry } from "../domain/entry.ts";
import type { MentionReason } from "../domain/mention.ts";
import type { Bus } from "../ports/bus.ts";
import type { Access } from "./access.ts";
import type { RoomAccess } from "./room_access.ts";

const logger = getLogger(["echoroom", "mentions"]);

export class Mentions {
  readonly #access: Pick<Access, "describe" | "readers">;
  readonly #bus: Bus;

  constructor(access: Pick<Access, "describe" | "readers">, bus: Bus) {
    this.#access = access;
    this.#bus = bus;
  }

  /**
   * Notifies, in the background, whom a new message names, answers or is written to. What fails is
   * lost: it is a hint, and the list of mentions is the truth.
   * @param answered the id of the user whose message it answers
   */
  notify(
    actor: Participant,
    room: RoomAccess,
    entry: Entry,
    answered: string | null,
  ): void {
    this.#notify(actor, room, entry, answered).catch((error) => {
      logger.debug("Nobody is notified of {messageId}: {error}", { messageId: entry.id, error });
    });
  }

  async #notify(
    actor: Participant,
    { roomId, rules }: RoomAccess,
    { by, message }: Entry,
    answered: string | null,
  ): Promise<void> {
    const reasons = new Map<string, MentionReason>();
    if (rules.type === "direct") {
      const { members = [] } = await this.#access.describe(actor, roomId);
      for (const { id } of members) reasons.set(id, "direct");
    }
    if (answered !== null) reasons.set(answered, "reply");
    for (const id of message.mentions) reasons.set(id, "mention");
    reasons.delete(by.id);
    const hint = { roomId, messageId: message.id, by };
    const readers = await this.#access.readers(roomId, [...reasons.keys()]);
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
