/** The collections of the MongoDB store, and their indexes. */
import type { Collection, Db } from "mongodb";
import { REPORT_KEPT_MS } from "../../../domain/report.ts";
import type {
  AuditDocument,
  BulkDeletionDocument,
  MetaDocument,
  ReportDocument,
} from "./documents.ts";
import type { AccountItemDocument, BlockDocument } from "./account_documents.ts";
import { IS_RESTRICTED, type MemberDocument } from "./member_documents.ts";
import type { InvitationDocument, RoomDocument } from "./room_documents.ts";
import type { SearchDocument, SearchProgressDocument } from "./search_documents.ts";
import type { SessionDocument, UserDocument } from "./user_documents.ts";
import type { EditDocument, EntryDocument, ReactionDocument } from "./entry_documents.ts";
import type { FileDocument } from "./file_documents.ts";
import { TIME_LIMITS, type TimeLimits } from "./time_limits.ts";

export interface Collections {
  /** Single documents about the database as a whole. */
  meta: Collection<MetaDocument>;
  users: Collection<UserDocument>;
  sessions: Collection<SessionDocument>;
  rooms: Collection<RoomDocument>;
  /** The entries of all logs. */
  messages: Collection<EntryDocument>;
  edits: Collection<EditDocument>;
  reactions: Collection<ReactionDocument>;
  members: Collection<MemberDocument>;
  reports: Collection<ReportDocument>;
  audit: Collection<AuditDocument>;
  accountItems: Collection<AccountItemDocument>;
  blocks: Collection<BlockDocument>;
  invitations: Collection<InvitationDocument>;
  bulkDeletions: Collection<BulkDeletionDocument>;
  files: Collection<FileDocument>;
  search: Collection<SearchDocument>;
  searchProgress: Collection<SearchProgressDocument>;
  limits: TimeLimits;
  readOptions: ReadOptions;
}

/**
 * The options of reads that may be long. One reply holds the whole answer, because no read asks for
 * as many documents. The server ends a read when its caller has given it up: what nobody waits for
 * would slow down what is asked again.
 */
export interface ReadOptions {
  batchSize: number;
  maxTimeMS: number;
}

/** How long an item of an account is kept after another has replaced it. */
const REPLACED_SECONDS = 60 * 60;

/** How long what was erased or removed is kept; no writer is belated by more. */
const KEPT_SECONDS = 24 * 60 * 60;

export function collectionsOf(db: Db, limits = TIME_LIMITS): Collections {
  return {
    meta: db.collection("meta"),
    users: db.collection("users"),
    sessions: db.collection("sessions"),
    rooms: db.collection("rooms"),
    messages: db.collection("messages"),
    edits: db.collection("edits"),
    reactions: db.collection("reactions"),
    members: db.collection("members"),
    reports: db.collection("reports"),
    audit: db.collection("audit"),
    accountItems: db.collection("account_items"),
    blocks: db.collection("blocks"),
    invitations: db.collection("invitations"),
    bulkDeletions: db.collection("bulk_deletions"),
    files: db.collection("files"),
    search: db.collection("search"),
    searchProgress: db.collection("search_progress"),
    limits,
    readOptions: { batchSize: 1_000, maxTimeMS: limits.step },
  };
}

/** Makes the indexes that are missing; the guarantees of the store rest on the unique ones. */
export async function createIndexes(db: Db): Promise<void> {
  const {
    users,
    sessions,
    rooms,
    messages,
    edits,
    reactions,
    members,
    accountItems,
    blocks,
    invitations,
    reports,
    audit,
    files,
    search,
  } = collectionsOf(db);
  await Promise.all([
    users.createIndexes([
      { key: { email: 1 }, unique: true },
      { key: { pending: 1 }, sparse: true },
      { key: { words: 1 } },
      { key: { role: 1 } },
    ]),
    rooms.createIndexes([
      { key: { slug: 1 }, unique: true },
      { key: { name: 1, _id: 1 } },
      { key: { pair: 1 }, unique: true, sparse: true },
      // For those that are due to be purged: no other room is in it.
      { key: { deletedAt: 1 }, sparse: true },
    ]),
    // The unique ones begin with the room, so that the collection can be sharded by it.
    messages.createIndexes([
      { key: { roomId: 1, seq: 1 }, unique: true },
      { key: { roomId: 1, n: 1 }, unique: true },
      { key: { roomId: 1, senderId: 1, clientMessageId: 1 }, unique: true },
      // Not partial, although few messages have keys: not every server would use it then.
      { key: { roomId: 1, keys: 1, n: 1 } },
      // For mentions in all rooms: no plain message is in it.
      { key: { keys: 1 }, sparse: true },
    ]),
    edits.createIndexes([
      { key: { roomId: 1, messageId: 1, seq: 1 } },
      { key: { erasedAt: 1 }, expireAfterSeconds: KEPT_SECONDS },
    ]),
    reactions.createIndexes([
      { key: { roomId: 1, messageId: 1, emoji: 1, seq: 1, userId: 1 } },
      { key: { roomId: 1, userId: 1, messageId: 1 } },
      { key: { removedAt: 1 }, expireAfterSeconds: KEPT_SECONDS },
    ]),
    members.createIndexes([
      { key: { userId: 1, roomId: 1 }, unique: true },
      { key: { roomId: 1, joinedAt: 1, userId: 1 } },
      // Few members are in these two, which no other query may use.
      {
        key: { roomId: 1, userId: 1, "ban.until": 1 },
        partialFilterExpression: IS_RESTRICTED.ban,
      },
      {
        key: { roomId: 1, userId: 1, "mute.until": 1 },
        partialFilterExpression: IS_RESTRICTED.mute,
      },
      { key: { pending: 1 }, sparse: true },
    ]),
    accountItems.createIndexes([
      { key: { userId: 1, seq: 1 }, unique: true },
      { key: { userId: 1, key: 1 } },
      { key: { replacedAt: 1 }, expireAfterSeconds: REPLACED_SECONDS },
    ]),
    reports.createIndexes([
      { key: { messageId: 1, reporterId: 1 }, unique: true },
      { key: { state: 1, _id: 1 } },
      { key: { roomId: 1, _id: 1 } },
      { key: { fileIds: 1 }, sparse: true },
      { key: { closedAt: 1 }, expireAfterSeconds: REPORT_KEPT_MS / 1_000 },
    ]),
    audit.createIndexes([
      { key: { roomId: 1, _id: 1 } },
      { key: { actorId: 1, _id: 1 } },
      { key: { action: 1, _id: 1 } },
      { key: { isPrivate: 1, _id: 1 } },
    ]),
    sessions.createIndexes([
      { key: { userId: 1 } },
      { key: { expiresAt: 1 }, expireAfterSeconds: 0 },
    ]),
    blocks.createIndexes([
      { key: { userId: 1, blockedId: 1 }, unique: true },
      { key: { pending: 1 }, sparse: true },
    ]),
    search.createIndexes([
      { key: { terms: 1, at: -1 } },
      { key: { roomId: 1, terms: 1, at: -1 } },
      { key: { erasedAt: 1 }, expireAfterSeconds: KEPT_SECONDS },
    ]),
    invitations.createIndexes([
      { key: { codeHash: 1 }, unique: true },
      { key: { roomId: 1, _id: 1 } },
      { key: { expiresAt: 1 }, expireAfterSeconds: KEPT_SECONDS },
    ]),
    files.createIndexes([
      { key: { ownerId: 1, state: 1, quotaBytes: 1 } },
      { key: { dueAt: 1 }, sparse: true },
    ]),
  ]);
}
