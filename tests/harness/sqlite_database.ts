/** Opens SQLite's store without a server. */
import { type SqliteOptions, SqliteStore } from "../../src/adapters/store/sqlite/store.ts";
import { SQLITE_HANG_LIMITS } from "./deadline.ts";

/** @param options what it is opened with beside limits that only catch what hangs */
export function openSqlite(path: string, options: SqliteOptions = {}): Promise<SqliteStore> {
  return SqliteStore.open(path, { ...SQLITE_HANG_LIMITS, ...options });
}
