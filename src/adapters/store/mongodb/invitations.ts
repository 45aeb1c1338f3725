/** Invitations, in a collection of their own, each with its claims in one document. */
import type { Collection, Document, Filter } from "mongodb";
import { newId } from "../../../domain/id.ts";
import type { Invitation, NewInvitation } from "../../../domain/invitation.ts";
import type { InvitationStore } from "../../../ports/store/invitations.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import type { InvitationDocument } from "./room_documents.ts";
import { lookUpUser, type PublicUserDocument, toPublicUser } from "./user_documents.ts";
import type { Operations } from "./operations.ts";

export class MongoInvitations implements InvitationStore {
  readonly #invitations: Collection<InvitationDocument>;
  readonly #readOptions: ReadOptions;
  readonly #operations: Operations;

  constructor({ invitations, readOptions }: Collections, operations: Operations) {
    this.#invitations = invitations;
    this.#readOptions = readOptions;
    this.#operations = operations;
  }

  /** Those that have expired are deleted by an index. */
  create({ id, createdBy, ...fields }: NewInvitation): Promise<void> {
    return this.#operations.run(async () => {
      const document = { _id: id, ...fields, creatorId: createdBy.id, uses: 0, claims: [] };
      await this.#invitations.insertOne(document);
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

  count(roomId: string, now: Date): Promise<number> {
    return this.#operations.run(() => {
      return this.#invitations.countDocuments({ roomId, ...isCurrent(now) });
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

  settle(_id: string, userId: string, claim: string, isUsed: boolean): Promise<void> {
    const claims = `${userId} ${claim}`;
    return this.#operations.run(async () => {
      await this.#invitations.updateOne(
        { _id, claims },
        { $pull: { claims }, ...(!isUsed && { $inc: { uses: -1 } }) },
      );
    });
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
