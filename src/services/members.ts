/** Who is a member of which room, and what they have not read there. */
import type { Actor } from "../domain/actor.ts";
import { ChatError } from "../domain/errors.ts";
import type { ReadMove, Unread } from "../domain/membership.ts";
import type { Room } from "../domain/room.ts";
import type { Bus } from "../ports/bus.ts";
import type { Store } from "../ports/store/store.ts";
import type { AccountLog } from "./account_log.ts";
import type { Standings } from "./standings.ts";

/** What a member is shown of their place in a room. */
export interface ReadState extends Unread {
  readSeq: number;
}

export class Members {
  readonly #store: Store;
  readonly #standings: Pick<Standings, "forget">;
  readonly #accounts: Pick<AccountLog, "changed" | "readMoved">;
  readonly #bus: Bus;
  /** Of users whose first messages in a room are being stored: settled once they are members. */
  readonly #expected = new Map<string, Promise<void>>();

  constructor(
    store: Store,
    standings: Pick<Standings, "forget" | "forgetStandings">,
    accounts: Pick<AccountLog, "changed" | "readMoved">,
    bus: Bus,
  ) {
    this.#store = store;
    this.#standings = standings;
    this.#accounts = accounts;
    this.#bus = bus;
    bus.subscribe((event) => {
      if (event.kind === "member_left") standings.forget(event.leftRoomId, event.userId);
      // Else who has left meanwhile would not be added again by a message.
      if (event.kind === "interrupted") standings.forgetStandings();
    });
  }

  /**
   * Makes the actor a plain member of a public room, without an entry; nothing changes if they are one.
   * @throws ChatError `unavailable`
   */
  async join(roomId: string, userId: string): Promise<void> {
    await this.#store.members.join(roomId, userId);
    this.#standings.forget(roomId, userId);
    this.#joined(roomId, userId);
  }

  /**
   * Ends a plain membership of a public room, without an entry.
   * @returns whether they are no member now; moderators and owners stay
   * @throws ChatError `unavailable`
   */
  async leave(roomId: string, userId: string): Promise<boolean> {
    await this.expected(roomId, userId);
    if (!await this.#store.members.leave(roomId, userId)) return false;
    this.#accounts.changed([userId]);
    this.#bus.publish({ kind: "member_left", leftRoomId: roomId, userId });
    return true;
  }

  /**
   * A message is being stored that makes its sender a member: `setRead` waits for it.
   * @param addition resolves once they are
   */
  expect(roomId: string, userId: string, addition: Promise<unknown>): void {
    const key = `${userId} ${roomId}`;
    addition.then(() => this.#joined(roomId, userId), () => {});
    const expected = Promise.allSettled([this.#expected.get(key), addition]).then(() => {
      if (this.#expected.get(key) === expected) this.#expected.delete(key);
    });
    this.#expected.set(key, expected);
  }

  /** Resolves once the addition expected of a user is done or has failed; undefined if there is none. */
  expected(roomId: string, userId: string): Promise<void> | undefined {
    return this.#expected.get(`${userId} ${roomId}`);
  }

  /**
   * Moves how far the actor has read, once the additions that are expected of them are done.
   * @param seq clamped to the log by the caller
   * @param back whether it moves back, else forward
   * @throws ChatError `forbidden` if they are no member; `unavailable`
   */
  async setRead(
    { userId }: Actor,
    roomId: string,
    seq: number,
    back: boolean,
  ): Promise<ReadState & ReadMove> {
    await this.expected(roomId, userId);
    const move = await this.#store.members.setRead(roomId, userId, seq, back);
    if (move === null) throw new ChatError("forbidden", "Only members have a read position.");
    this.#accounts.readMoved(userId);
    const positions = new Map([[roomId, move.readSeq]]);
    const counts = await this.#store.members.countUnread(userId, positions);
    return { ...move, ...counts.get(roomId)! };
  }

  /**
   * The actor's place in those of these rooms in which they are a member. What they have not read is
   * counted where a room's log goes on after what they have.
   * @throws ChatError `unavailable`
   */
  async read(
    { userId }: Actor,
    rooms: readonly Pick<Room, "id" | "lastSeq">[],
  ): Promise<Map<string, ReadState>> {
    const found = await this.#store.members.find(userId, rooms.map(({ id }) => id));
    const read = rooms.flatMap(({ id, lastSeq }): [string, number, number][] => {
      const member = found.get(id);
      return member ? [[id, member.readSeq, lastSeq]] : [];
    });
    const open = read.filter(([, readSeq, lastSeq]) => readSeq < lastSeq);
    const counts = open.length > 0
      ? await this.#store.members.countUnread(
        userId,
        new Map(open.map(([id, readSeq]) => [id, readSeq])),
      )
      : new Map<string, Unread>();
    return new Map(read.map(([id, readSeq]) => {
      return [id, { readSeq, ...counts.get(id) ?? { unread: 0, mentions: 0 } }];
    }));
  }

  #joined(roomId: string, userId: string): void {
    this.#accounts.changed([userId]);
    this.#bus.publish({ kind: "member_joined", roomId, userId });
  }
}
