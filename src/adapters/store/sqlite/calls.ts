/** The messages between the store and its worker. */
import type { ErrorCode } from "../../../domain/errors.ts";
import type { DatabasePorts, Migration } from "./database.ts";
import type { FileIdentity } from "./file.ts";

/**
 * One call of a method of one of the database's ports, as values alone: objects take three times as
 * long to cross threads.
 */
export type Call = [
  port: PortName,
  method: string,
  args: unknown[],
  /** When the caller is answered `unavailable`, as `clock()` tells it; nothing is begun after it. */
  deadline: number,
];

export type PortName = keyof DatabasePorts;

/**
 * Every method of every port, and whether it needs the write lock: the store's own ports are made
 * from this, so that a method that is missing here cannot be called. The probe finds out whether
 * writes succeed.
 */
export const METHODS = {
  users: {
    create: "write",
    find: "read",
    findPublic: "read",
    findByEmail: "read",
    createFirst: "write",
    update: "write",
    setRole: "write",
    setBan: "write",
    admins: "read",
    search: "read",
    list: "read",
  },
  sessions: {
    create: "write",
    find: "read",
    identify: "read",
    rotate: "write",
    revoke: "write",
    revokeAll: "write",
    revoked: "read",
  },
  rooms: {
    create: "write",
    find: "read",
    describe: "read",
    describeAll: "read",
    findDirect: "read",
    findAll: "read",
    takenSlugs: "read",
    list: "read",
  },
  log: {
    append: "write",
    findSent: "read",
    end: "read",
    heads: "read",
    entriesAfter: "read",
    entryId: "read",
  },
  messages: {
    find: "read",
    position: "read",
    before: "read",
    after: "read",
    answersBefore: "read",
    answersAfter: "read",
    threads: "read",
    pinned: "read",
    mentionsOf: "read",
    countPinned: "read",
    earlierTexts: "read",
    reactionsBy: "read",
    reactors: "read",
    reactorsAmong: "read",
  },
  members: {
    join: "write",
    leave: "write",
    standings: "read",
    list: "read",
    moderated: "read",
    get: "read",
    restricted: "read",
    find: "read",
    setRead: "write",
    setPreferences: "write",
    countUnread: "read",
  },
  accounts: {
    settle: "write",
    lastSeq: "read",
    itemsAfter: "read",
    changedAfter: "read",
    repair: "write",
  },
  blocks: { set: "write", list: "read", count: "read", blockersOf: "read", isBetween: "read" },
  invitations: {
    create: "write",
    find: "read",
    list: "read",
    delete: "write",
    claim: "write",
    mayReturn: "read",
    settle: "write",
  },
  bulkDeletions: {
    add: "write",
    due: "read",
    claim: "write",
    postpone: "write",
    remove: "write",
  },
  files: {
    create: "write",
    reserve: "write",
    complete: "write",
    abort: "write",
    find: "read",
    claim: "write",
    release: "write",
    discard: "write",
    collect: "write",
    remove: "write",
    list: "read",
  },
  search: {
    find: "read",
    progress: "read",
    index: "write",
    roomsAfter: "read",
    claim: "write",
    replace: "write",
    removeSome: "write",
    isDamaged: "read",
  },
  purge: { run: "write" },
  reports: {
    haveFile: "read",
    create: "write",
    find: "read",
    list: "read",
    close: "write",
    sweep: "write",
  },
  audit: { add: "write", list: "read" },
  probe: { ping: "write" },
} as const satisfies { [P in PortName]: Record<keyof DatabasePorts[P], "read" | "write"> };

/** A call's outcome: its value, or its error in a form that crosses threads. */
export type Outcome = { value: unknown } | { error: Failure };

export interface Failure {
  code: ErrorCode | null;
  message: string;
  /** SQLite's message, for the log. */
  detail?: string;
}

export type Request =
  /** `identity` is what the file has to be; null makes a missing file. For `eraseMs` see `Erasure`. */
  | { open: string; identity: FileIdentity | null; eraseMs: number }
  | { reads: Call[]; writes: Call[] }
  | { close: true };

export type Reply =
  /** Before `opened`, which may take minutes then. */
  | { migrating: Migration }
  | { opened: FileIdentity }
  | { closed: true }
  | { failed: Failure }
  /** `writes` is null if there are none, or another connection has the lock: they follow as `delayed`. */
  | { reads: Outcome[]; writes: Outcome[] | null }
  | { delayed: Outcome[] };

/** Milliseconds on a clock that never runs backwards and that all threads share. */
export function clock(): number {
  return performance.timeOrigin + performance.now();
}
