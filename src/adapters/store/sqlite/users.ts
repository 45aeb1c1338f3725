/** Accounts in the embedded database. */
import { ChatError } from "../../../domain/errors.ts";
import type { ProfileChanges, PublicUser, User } from "../../../domain/user.ts";
import { toPublicUser, toUser } from "./rows.ts";
import { isUniqueViolation, type Statements } from "./statements.ts";

/** The methods of the `UserStore` port without the promises; see there for what each guarantees. */
export class SqliteUsers {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  create(user: User): void {
    try {
      this.#sql.prepare(
        `INSERT INTO users (id, email, password_hash, display_name, avatar_url,
           onboarding_completed, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
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

  update(id: string, changes: ProfileChanges, updatedAt: Date): User | null {
    const user = this.find(id);
    if (!user) return null;
    const changed: User = { ...user, ...changes, updatedAt };
    this.#sql.prepare(
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
}
