/** Replaces the tables of the index that messages are found by, and removes the former ones in steps. */
import { NO_SEARCH_MERGES, SEARCH_MESSAGES, SEARCH_TERMS } from "./schema.ts";
import type { Statements } from "./statements.ts";

/** Milliseconds of removing in one transaction, which other calls wait for. */
const REMOVAL_MS = 5;
/** Rows that are deleted before the clock is looked at: of the longest, a page each. */
const ROWS_AT_ONCE = 32;

/**
 * The former tables, what the first is made of included, and the keys of their rows. Dropped as they
 * are they would keep others waiting for seconds: what they free is overwritten.
 */
const FORMER_TERMS = "former_search_terms";
const FORMER_MESSAGES = "former_search_messages";
const FORMER_ROWS = [
  [`${FORMER_TERMS}_data`, "id"],
  [`${FORMER_TERMS}_idx`, "segid, term"],
  [`${FORMER_TERMS}_docsize`, "id"],
  [FORMER_MESSAGES, "key"],
] as const;

/** Called in a transaction. A process that dies leaves former tables, which any other removes. */
export class SearchTables {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  /** Whether there are former tables. */
  get hasFormer(): boolean {
    const row = this.#sql.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?").get(FORMER_TERMS);
    return row !== undefined;
  }

  /**
   * Puts empty tables in the place of those that are there, whatever these hold.
   * @returns false, and nothing is done, where former ones are not removed yet
   */
  replace(): boolean {
    if (this.hasFormer) return false;
    this.#restoreFormat();
    this.#sql.prepare(`ALTER TABLE search_terms RENAME TO ${FORMER_TERMS}`).run();
    this.#sql.prepare(`ALTER TABLE search_messages RENAME TO ${FORMER_MESSAGES}`).run();
    for (const sql of [SEARCH_TERMS, NO_SEARCH_MERGES, SEARCH_MESSAGES]) {
      this.#sql.prepare(sql).run();
    }
    return true;
  }

  /** A table whose format is lost could not even be renamed. */
  #restoreFormat(): void {
    this.#sql.withShadowTables(() => {
      this.#sql.prepare("INSERT OR IGNORE INTO search_terms_config VALUES ('version', 4)").run();
    });
  }

  /** Removes a part of the former tables; returns whether something of them is left. */
  removeSome(): boolean {
    if (!this.hasFormer) return false;
    const end = performance.now() + REMOVAL_MS;
    const isEmpty = this.#sql.withShadowTables(() => this.#deleteUntil(end));
    if (!isEmpty) return true;
    for (const table of [FORMER_TERMS, FORMER_MESSAGES]) {
      this.#sql.prepare(`DROP TABLE ${table}`).run();
    }
    return false;
  }

  /** Returns whether no row is left. */
  #deleteUntil(end: number): boolean {
    for (const [table, key] of FORMER_ROWS) {
      const statement = this.#sql.prepare(
        `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} LIMIT ${ROWS_AT_ONCE})`,
      );
      while (statement.run().changes > 0) {
        if (performance.now() >= end) return false;
      }
    }
    return true;
  }
}
