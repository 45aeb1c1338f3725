/** The embedded store's queries, synchronous, on one `node:sqlite` connection. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { ChatError } from "../../../domain/errors.ts";
import type { Message, MessageDraft } from "../../../domain/message.ts";
import type { NewRoom, Room } from "../../../domain/room.ts";
import type { Session, SessionRotation } from "../../../domain/session.ts";
import type { ProfileChanges, User } from "../../../domain/user.ts";
import { FilesReplaced, isBusy, StartupFault } from "./faults.ts";
import {
  checkDamage,
  checkVersion,
  type FileIdentity,
  identify,
  isInPlace,
  openDatabase,
  readVersion,
} from "./file.ts";
import { formatRotations, toMessage, toRoom, toSession, toUser } from "./rows.ts";
import { MIGRATIONS } from "./schema.ts";

const MESSAGES = `SELECT m.*, u.display_name, u.avatar_url
  FROM messages m JOIN users u ON u.id = m.sender_id`;
const ROOMS = `SELECT r.*, u.display_name, u.avatar_url,
  coalesce((SELECT max(seq) FROM messages WHERE room_id = r.id), 0) AS last_seq
  FROM rooms r JOIN users u ON u.id = r.created_by`;

/** How long the start waits for other processes' locks. Afterwards the worker waits, not SQLite. */
const OPEN_TIMEOUT_MS = 5_000;

/** "Echo": marks the file as EchoRoom's; and writing it is what `ping` proves writes by. */
const APPLICATION_ID = 0x4563686f;

/**
 * The methods of the `Store` port without the promises; see there for what each guarantees. What a
 * write wrote is durable once the transaction around it has committed.
 */
export class SqliteDatabase {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** The file that was opened. */
  readonly identity: FileIdentity;
  readonly #log: FileIdentity;
  /** Whether the files were gone when they were last looked at. */
  #displaced = false;

  /**
   * Opens the file and brings its tables up to date.
   * @param expected what the file was when it was opened before; without it a missing one is made
   * @throws StartupFault, FilesReplaced
   */
  constructor(path: string, expected: FileIdentity | null = null) {
    if (expected && !isInPlace(expected)) throw new FilesReplaced();
    try {
      this.#db = openDatabase(path, OPEN_TIMEOUT_MS);
    } catch (error) {
      throw StartupFault.from(error);
    }
    try {
      checkVersion(this.#db);
      checkDamage(this.#db, path);
      this.#migrate();
      this.#db.exec("PRAGMA busy_timeout = 0");
      this.#proveWritable();
      this.identity = identify(path);
      this.#log = identify(`${path}-wal`);
    } catch (error) {
      this.#db.close();
      throw StartupFault.from(error);
    }
  }

  /**
   * Runs `work` in one write transaction: all of it is durable when this returns. When this throws,
   * none of it is kept, unless the commit itself failed: then it may be or not.
   * @throws SQLite's "database is locked", at once and before `work`, while another connection writes
   * @throws FilesReplaced if what was written is not where the next start looks for it
   */
  transaction<T>(work: () => T): T {
    if (this.#displaced) this.#checkFiles();
    const result = this.#inTransaction(work);
    this.#checkFiles();
    return result;
  }

  createUser(user: User): void {
    try {
      this.#prepare("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?)").run(
        user.id,
        user.email,
        user.passwordHash,
        user.displayName,
        user.avatarUrl,
        Number(user.onboardingCompleted),
        user.createdAt.getTime(),
        user.updatedAt.getTime(),
      );
    } catch (error) {
      if (!isUniqueViolation(error, "users.email")) throw error;
      throw new ChatError("email_taken", "An account with this email exists already.");
    }
  }

  findUser(id: string): User | null {
    const row = this.#prepare("SELECT * FROM users WHERE id = ?").get(id);
    return row ? toUser(row) : null;
  }

  findUserByEmail(email: string): User | null {
    const row = this.#prepare("SELECT * FROM users WHERE email = ?").get(email);
    return row ? toUser(row) : null;
  }

  updateUser(id: string, changes: ProfileChanges, updatedAt: Date): User | null {
    const user = this.findUser(id);
    if (!user) return null;
    const changed: User = { ...user, ...changes, updatedAt };
    this.#prepare(
      `UPDATE users SET display_name = ?, avatar_url = ?, onboarding_completed = ?, updated_at = ?
       WHERE id = ?`,
    ).run(
      changed.displayName,
      changed.avatarUrl,
      Number(changed.onboardingCompleted),
      updatedAt.getTime(),
      id,
    );
    return changed;
  }

  createRoom(room: NewRoom, opening: MessageDraft): boolean {
    try {
      this.#prepare("INSERT INTO rooms VALUES (?, ?, ?, ?, ?, ?, ?)").run(
        room.id,
        room.name,
        room.slug,
        room.description,
        room.createdBy.id,
        room.createdAt.getTime(),
        room.updatedAt.getTime(),
      );
    } catch (error) {
      if (isUniqueViolation(error, "rooms.slug")) return false;
      throw error;
    }
    this.append(room.id, [opening]);
    return true;
  }

  findRoom(idOrSlug: string): Room | null {
    const row = this.#prepare(`${ROOMS} WHERE r.id = ?`).get(idOrSlug) ??
      this.#prepare(`${ROOMS} WHERE r.slug = ?`).get(idOrSlug);
    return row ? toRoom(row) : null;
  }

  takenSlugs(slugs: string[]): string[] {
    const rows = this.#prepare(
      "SELECT slug FROM rooms WHERE slug IN (SELECT value FROM json_each(?))",
    ).all(JSON.stringify(slugs));
    return rows.map((row) => String(row.slug));
  }

  listRooms(limit: number, after = { name: "", id: "" }): Room[] {
    return this.#prepare(`${ROOMS} WHERE (r.name, r.id) > (?, ?) ORDER BY r.name, r.id LIMIT ?`)
      .all(after.name, after.id, limit).map(toRoom);
  }

  /** Returns for each draft its number, or the message that was stored before in its place. */
  append(roomId: string, drafts: MessageDraft[]): (number | Message)[] {
    const insert = this.#prepare(
      "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    );
    let head = this.head(roomId);
    return drafts.map((draft) => {
      const time = draft.createdAt.getTime();
      const { changes } = insert.run(
        roomId,
        head + 1,
        draft.id,
        draft.sender.id,
        draft.text,
        Number(draft.system),
        draft.clientMessageId,
        time,
        time,
      );
      if (changes === 1) return ++head;
      const stored = this.#findSent(roomId, draft.sender.id, draft.clientMessageId);
      if (!stored) throw new Error(`message ${draft.id} of room ${roomId} is refused`);
      return stored;
    });
  }

  head(roomId: string): number {
    const row = this.#prepare("SELECT max(seq) AS head FROM messages WHERE room_id = ?")
      .get(roomId);
    return Number(row?.head ?? 0);
  }

  heads(roomIds: string[]): Map<string, number> {
    const rows = this.#prepare(
      `SELECT id, coalesce((SELECT max(seq) FROM messages WHERE room_id = rooms.id), 0) AS head
       FROM rooms WHERE id IN (SELECT value FROM json_each(?))`,
    ).all(JSON.stringify(roomIds));
    return new Map(rows.map(({ id, head }) => [String(id), Number(head)]));
  }

  readAfter(roomId: string, after: number, limit: number): Message[] {
    return this.#prepare(`${MESSAGES} WHERE m.room_id = ? AND m.seq > ? ORDER BY m.seq LIMIT ?`)
      .all(roomId, after, limit).map(toMessage);
  }

  readBefore(roomId: string, before: number, limit: number): Message[] {
    return this.#prepare(
      `${MESSAGES} WHERE m.room_id = ? AND m.seq < ? ORDER BY m.seq DESC LIMIT ?`,
    ).all(roomId, before, limit).map(toMessage).reverse();
  }

  findSeq(roomId: string, messageId: string): number | null {
    const row = this.#prepare("SELECT seq FROM messages WHERE id = ? AND room_id = ?")
      .get(messageId, roomId);
    return row ? Number(row.seq) : null;
  }

  createSession(session: Session): void {
    this.#prepare("DELETE FROM sessions WHERE expires_at <= ?").run(Date.now());
    this.#prepare("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)").run(
      session.id,
      session.userId,
      session.generation,
      formatRotations(session.rotations),
      session.createdAt.getTime(),
      session.expiresAt.getTime(),
      session.revokedAt?.getTime() ?? null,
    );
  }

  findSession(id: string): Session | null {
    const row = this.#prepare("SELECT * FROM sessions WHERE id = ? AND expires_at > ?")
      .get(id, Date.now());
    return row ? toSession(row) : null;
  }

  rotateSession(id: string, from: number, rotation: SessionRotation): boolean {
    const { changes } = this.#prepare(
      `UPDATE sessions SET generation = ?, rotations = ?, expires_at = ?
       WHERE id = ? AND generation = ? AND revoked_at IS NULL`,
    ).run(
      rotation.generation,
      formatRotations(rotation.rotations),
      rotation.expiresAt.getTime(),
      id,
      from,
    );
    return changes === 1;
  }

  revokeSession(id: string, revokedAt: Date): boolean {
    const { changes } = this.#prepare(
      "UPDATE sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
    ).run(revokedAt.getTime(), id);
    return changes === 1;
  }

  revokedSessions(ids: string[]): string[] {
    return this.#prepare(
      `SELECT id FROM sessions
       WHERE id IN (SELECT value FROM json_each(?)) AND revoked_at IS NOT NULL`,
    ).all(JSON.stringify(ids)).map(({ id }) => String(id));
  }

  /** Writes something that changes nothing: a database that can only be read is not in order. */
  ping(): void {
    this.#prepare(`PRAGMA application_id = ${APPLICATION_ID}`).run();
  }

  close(): void {
    this.#db.close();
  }

  #findSent(roomId: string, senderId: string, clientMessageId: string): Message | null {
    const row = this.#prepare(
      `${MESSAGES} WHERE m.room_id = ? AND m.sender_id = ? AND m.client_message_id = ?`,
    ).get(roomId, senderId, clientMessageId);
    return row ? toMessage(row) : null;
  }

  #checkFiles(): void {
    this.#displaced = !isInPlace(this.identity) || !isInPlace(this.#log);
    if (this.#displaced) throw new FilesReplaced();
  }

  #inTransaction<T>(work: () => T): T {
    this.#rollBack();
    this.#prepare("BEGIN IMMEDIATE").run();
    try {
      const result = work();
      this.#prepare("COMMIT").run();
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Ends what a failure left open, if anything: after some SQLite has rolled back by itself. */
  #rollBack(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
    } catch {
      // Tried again before the next transaction, which fails until it succeeds.
    }
  }

  /** A file that cannot be written opens all the same, for reading. */
  #proveWritable(): void {
    try {
      this.#inTransaction(() => {});
    } catch (error) {
      // Who holds the lock can write.
      if (!isBusy(error)) throw error;
    }
  }

  /** An up-to-date database is not written to: it can be opened while another process writes. */
  #migrate(): void {
    if (readVersion(this.#db) === MIGRATIONS.length) return;
    this.#inTransaction(() => {
      // Another process may have migrated meanwhile.
      for (const migration of MIGRATIONS.slice(readVersion(this.#db))) this.#db.exec(migration);
      this.#db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    });
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, statement = this.#db.prepare(sql));
    return statement;
  }
}

function isUniqueViolation(error: unknown, column: string): boolean {
  return error instanceof Error &&
    error.message.includes("UNIQUE constraint failed") && error.message.includes(column);
}
