/** Invitations, in a collection of their own, each with its claims in one document. */
import type { Collection, Document, Filter } from "mongodb";
import { newId } from "../../../domain/id.ts";
import {
  type Invitation,
  type InvitationLimits,
  isOpen,
  isUsedUp,
  MAX_USED_UP,
  type NewInvitation,
} from "../../../domain/invitation.ts";
import type { InvitationStore } from "../../../ports/store/invitations.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import { IS_MEMBER, type MemberDocument, memberId } from "./member_documents.ts";
import type { RoomChanges } from "./room_changes.ts";
import type { InvitationDocument } from "./room_documents.ts";
import { lookUpUser, type PublicUserDocument, toPublicUser } from "./user_documents.ts";
import type { Operations } from "./operations.ts";

/** Invitations that a member is known to have used: the last ones. */
const MAX_USED = 10;

export class MongoInvitations implements InvitationStore {
  readonly #invitations: Collection<InvitationDocument>;
  readonly #members: Collection<MemberDocument>;
  readonly #roomChanges: RoomChanges;
  readonly #readOptions: ReadOptions;
  readonly #operations: Operations;

  constructor(
    { invitations, members, readOptions }: Collections,
    roomChanges: RoomChanges,
    operations: Operations,
  ) {
    this.#invitations = invitations;
    this.#members = members;
    this.#roomChanges = roomChanges;
    this.#readOptions = readOptions;
    this.#operations = operations;
  }

  /**
   * Adds first and counts then, so that of several at once the last sees all. Those that have expired
   * are deleted by an index.
   */
  create(
    { id: _id, createdBy: { id: creatorId }, ...fields }: NewInvitation,
    limits: InvitationLimits,
  ): Promise<boolean> {
    const { roomId, createdAt } = fields;
    return this.#operations.run(async () => {
      await this.#invitations.insertOne({ _id, ...fields, creatorId, uses: 0, claims: [] });
      const all = await this.#invitations
        .find({ roomId, ...isCurrent(createdAt) }, {
          ...this.#readOptions,
          projection: { claims: 0 },
        })
        .sort({ _id: -1 })
        .toArray();
      const open = all.filter((each) => isOpen(each, createdAt));
      const own = open.filter((each) => each.creatorId === creatorId);
      if (open.length > limits.room || own.length > limits.creator) {
        await this.#invitations.deleteOne({ _id });
        return false;
      }
      const old = all.filter(isUsedUp).slice(MAX_USED_UP).map((each) => each._id);
      if (old.length > 0) await this.#invitations.deleteMany({ _id: { $in: old } });
      return true;
    });
  }

  find(codeHash: string): Promise<Invitation | null> {
    return this.#operations.run(async () => {
      const [invitation = null] = await this.#read({ $match: { codeHash } });
      return invitation;
    });
  }

  list(roomId: string, now: Date, limit: number, afterId = ""): Promise<Invitation[]> {
    return this.#operations.run(() => {
      return this.#read(
        { $match: { roomId, _id: { $gt: afterId } } },
        { $match: isCurrent(now) },
        { $sort: { _id: 1 } },
        { $limit: limit },
      );
    });
  }

  delete(roomId: string, _id: string): Promise<boolean> {
    return this.#operations.run(async () => {
      return (await this.#invitations.deleteOne({ _id, roomId })).deletedCount > 0;
    });
  }

  claim(_id: string, userId: string, now: Date): Promise<string | null> {
    return this.#operations.run(async () => {
      const invitation = await this.#invitations.findOne({ _id });
      const claimed = claimOf(userId, invitation);
      if (!invitation || claimed) return claimed;
      const { maxUses } = invitation;
      const claim = newId();
      if (await this.#mayReturn(invitation, userId, now)) return claim;
      const { modifiedCount } = await this.#invitations.updateOne(
        {
          _id,
          claims: { $not: { $elemMatch: { $gte: `${userId} `, $lt: `${userId}!` } } },
          ...isCurrent(now),
          ...(maxUses !== null && { uses: { $lt: maxUses } }),
        },
        { $inc: { uses: 1 }, $push: { claims: `${userId} ${claim}` } },
      );
      if (modifiedCount > 0) return claim;
      // The same user may have claimed it in this moment.
      return claimOf(userId, await this.#invitations.findOne({ _id }));
    });
  }

  mayReturn(_id: string, userId: string, now: Date): Promise<boolean> {
    return this.#operations.run(async () => {
      const invitation = await this.#invitations.findOne({ _id });
      return invitation !== null && await this.#mayReturn(invitation, userId, now);
    });
  }

  /** Notes who has used it before it drops the claim: it may be done again. */
  settle(_id: string, userId: string, claim: string, isUsed: boolean): Promise<void> {
    const claims = `${userId} ${claim}`;
    return this.#operations.run(async () => {
      if (isUsed) await this.#noteUse({ _id, claims }, userId);
      await this.#invitations.updateOne(
        { _id, claims },
        { $pull: { claims }, ...(!isUsed && { $inc: { uses: -1 } }) },
      );
    });
  }

  async #mayReturn(
    { _id, roomId, expiresAt }: InvitationDocument,
    userId: string,
    now: Date,
  ): Promise<boolean> {
    if (expiresAt !== null && expiresAt <= now) return false;
    // A removal that is not applied yet would be no obstacle.
    await this.#roomChanges.settle(roomId);
    const member = await this.#members.findOne({
      _id: memberId(roomId, userId),
      invitations: _id,
      $or: [IS_MEMBER, { removal: "left" }],
    });
    return member !== null;
  }

  async #noteUse(claimed: Filter<InvitationDocument>, userId: string): Promise<void> {
    const invitation = await this.#invitations.findOne(claimed);
    if (!invitation) return;
    const { _id, roomId } = invitation;
    await this.#members.updateOne(
      { _id: memberId(roomId, userId), invitations: { $ne: _id } },
      { $push: { invitations: { $each: [_id], $slice: -MAX_USED } } },
    );
  }

  async #read(...stages: Document[]): Promise<Invitation[]> {
    const found = await this.#invitations
      .aggregate<InvitationDocument & { creators: PublicUserDocument[] }>(
        [...stages, lookUpUser("creatorId", "creators")],
        this.#readOptions,
      )
      .toArray();
    return found.map(({ _id, codeHash: _, claims: __, creatorId, creators, ...fields }) => {
      return { id: _id, ...fields, createdBy: toPublicUser(creatorId, creators) };
    });
  }
}

/** The id of the user's claim that is not settled; null if there is none. */
function claimOf(userId: string, invitation: InvitationDocument | null): string | null {
  const claim = invitation?.claims.find((claim) => claim.startsWith(`${userId} `));
  return claim?.slice(userId.length + 1) ?? null;
}

function isCurrent(now: Date): Filter<InvitationDocument> {
  return { $or: [{ expiresAt: null }, { expiresAt: { $gt: now } }] };
}
