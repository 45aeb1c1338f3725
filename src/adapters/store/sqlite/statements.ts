/** Prepares each statement once for one connection. */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** @param sql one of a fixed number of texts: each is kept for as long as the connection */
  prepare(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (!statement) this.#prepared.set(sql, statement = this.#db.prepare(sql));
    return statement;
  }

  /** As `prepare`; its rows are arrays of values, in the order of the columns. */
  prepareArrays(sql: string): ArrayStatement {
    const statement = this.prepare(sql) as unknown as ArrayStatement;
    statement.setReturnArrays(true);
    return statement;
  }

  /** Runs `work` while the tables that virtual tables are made of can be written to. */
  withShadowTables<T>(work: () => T): T {
    const db = this.#db as DatabaseSync & ProtectedDatabase;
    db.enableDefensive(false);
    try {
      return work();
    } finally {
      db.enableDefensive(true);
    }
  }
}

/** The types of `node:sqlite` lack it, and the other one. */
interface ProtectedDatabase {
  enableDefensive(active: boolean): void;
}

interface ArrayStatement {
  setReturnArrays(enabled: boolean): void;
  all(...values: SQLInputValue[]): unknown[];
}

/** Whether a unique index on the column (`users.email`) refused the write. */
export function isUniqueViolation(error: unknown, column: string): boolean {
  return error instanceof Error &&
    error.message.includes("UNIQUE constraint failed") && error.message.includes(column);
}
