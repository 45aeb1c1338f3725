/** Accounts in the embedded database. */
import { ChatError } from "../../../domain/errors.ts";
import { nameWords } from "../../../domain/name.ts";
import type { Restriction } from "../../../domain/restriction.ts";
import type {
  InstanceRole,
  KnownUser,
  ProfileChanges,
  PublicUser,
  User,
} from "../../../domain/user.ts";
import type { UpdatedUser } from "../../../ports/store/users.ts";
import {
  formatRestriction,
  hasNameWords,
  LAST_CHARACTER,
  toKnownUser,
  toPublicUser,
  toUser,
} from "./rows.ts";
import { isUniqueViolation, type Statements } from "./statements.ts";

/** Whose ban has not ended at the time ?1. */
const IS_BANNED = "ban IS NOT NULL AND (ban ->> 'until' IS NULL OR ban ->> 'until' > ?1)";
/** Words of names that one search looks at: more would keep others waiting. */
const MAX_EXAMINED = 10_000;

/** The methods of the `UserStore` port without the promises; see there for what each guarantees. */
export class SqliteUsers {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  create(user: User): void {
    this.#insert(user, "true");
  }

  createFirst(user: User): boolean {
    return this.#insert(user, "NOT EXISTS (SELECT 1 FROM users)");
  }

  find(id: string): User | null {
    const row = this.#sql.prepare("SELECT * FROM users WHERE id = ?").get(id);
    return row ? toUser(row) : null;
  }

  findPublic(ids: readonly string[]): PublicUser[] {
    return this.#sql.prepare(
      `SELECT id, display_name, avatar_url FROM users
       WHERE id IN (SELECT value FROM json_each(?))`,
    ).all(JSON.stringify(ids)).map((row) => toPublicUser(row.id, row));
  }

  findByEmail(email: string): User | null {
    const row = this.#sql.prepare("SELECT * FROM users WHERE email = ?").get(email);
    return row ? toUser(row) : null;
  }

  update(id: string, changes: ProfileChanges, updatedAt: Date): UpdatedUser | null {
    const found = this.find(id);
    if (!found) return null;
    const user: User = { ...found, ...changes, updatedAt };
    if (user.displayName !== found.displayName) this.#index(user);
    this.#sql.prepare(
      `UPDATE users SET display_name = ?, avatar_url = ?, onboarding_completed = ?, updated_at = ?
       WHERE id = ?`,
    ).run(
      user.displayName,
      user.avatarUrl,
      Number(user.onboardingCompleted),
      updatedAt.getTime(),
      id,
    );
    return { user, previousAvatarUrl: found.avatarUrl };
  }

  setRole(id: string, role: InstanceRole): boolean {
    const { changes } = this.#sql.prepare(
      `UPDATE users SET role = ?2 WHERE id = ?3 AND (?2 = 'member' OR NOT (${IS_BANNED}))`,
    ).run(Date.now(), role, id);
    return changes === 1;
  }

  setBan(id: string, ban: Restriction | null): boolean {
    const { changes } = this.#sql.prepare(
      "UPDATE users SET ban = ?1 WHERE id = ?2 AND (?1 IS NULL OR role <> 'admin')",
    ).run(formatRestriction(ban), id);
    return changes === 1;
  }

  admins(): string[] {
    const rows = this.#sql.prepare("SELECT id FROM users WHERE role = 'admin'").all();
    return rows.map(({ id }) => String(id));
  }

  search(words: readonly string[], limit: number, withBanned: boolean): KnownUser[] {
    const [longest] = words.toSorted((a, b) => b.length - a.length);
    if (longest === undefined) return [];
    const find = this.#sql.prepare(
      `SELECT u.* FROM
         (SELECT word, user FROM user_words WHERE word >= ?2 AND word < ?3
          ORDER BY word, user LIMIT ${MAX_EXAMINED}) w
         CROSS JOIN users u ON u.key = w.user
       WHERE (?4 OR NOT (${IS_BANNED})) AND ${hasNameWords("w.user", "?5")}
       ORDER BY w.word, w.user LIMIT ?6`,
    );
    // A name may have several words that begin so. `iterate` would hide failures.
    for (let count = limit;; count *= 2) {
      const rows = find.all(
        Date.now(),
        longest,
        longest + String.fromCodePoint(LAST_CHARACTER),
        Number(withBanned),
        JSON.stringify(words),
        count,
      );
      const found = new Map(rows.map((row) => [String(row.id), row]));
      if (found.size >= limit || rows.length < count) {
        return [...found.values()].slice(0, limit).map(toKnownUser);
      }
    }
  }

  list(after: string, limit: number): PublicUser[] {
    return this.#sql.prepare(
      "SELECT id, display_name, avatar_url FROM users WHERE id > ? ORDER BY id LIMIT ?",
    ).all(after, limit).map((row) => toPublicUser(row.id, row));
  }

  /**
   * Returns whether the condition holds; else nothing is written.
   * @param condition one of a fixed number of texts
   */
  #insert(user: User, condition: string): boolean {
    try {
      const { changes } = this.#sql.prepare(
        `INSERT INTO users (id, email, password_hash, display_name, avatar_url,
           onboarding_completed, role, ban, created_at, updated_at)
         SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE ${condition}`,
      ).run(
        user.id,
        user.email,
        user.passwordHash,
        user.displayName,
        user.avatarUrl,
        Number(user.onboardingCompleted),
        user.role,
        formatRestriction(user.ban),
        user.createdAt.getTime(),
        user.updatedAt.getTime(),
      );
      if (changes === 0) return false;
    } catch (error) {
      if (!isUniqueViolation(error, "users.email")) throw error;
      throw new ChatError("email_taken", "An account with this email exists already.");
    }
    this.#index(user);
    return true;
  }

  /** Makes the user be found by the words of their name, and by no others. */
  #index({ id, displayName }: User): void {
    this.#sql.prepare("DELETE FROM user_words WHERE user = (SELECT key FROM users WHERE id = ?)")
      .run(id);
    this.#sql.prepare(
      `INSERT INTO user_words (word, user)
       SELECT DISTINCT word.value, u.key FROM users u, json_each(?) word WHERE u.id = ?`,
    ).run(JSON.stringify(nameWords(displayName)), id);
  }
}
