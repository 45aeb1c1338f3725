/** The store for several instances: a `Store` on MongoDB. */
import type { Store } from "../../../ports/store/store.ts";
import { MongoAccounts } from "./accounts.ts";
import { type Connection, reason } from "./connection.ts";
import { MongoAudit } from "./audit.ts";
import { MongoBlocks } from "./blocks.ts";
import { MongoBulkDeletions } from "./bulk_deletions.ts";
import { collectionsOf } from "./collections.ts";
import { EntryReader } from "./entry_reader.ts";
import { MongoFiles } from "./files.ts";
import { MongoInvitations } from "./invitations.ts";
import { MongoLog } from "./log.ts";
import { LogEnds } from "./log_ends.ts";
import { MongoMembers } from "./members.ts";
import { MongoMessages } from "./messages.ts";
import { migrate } from "./migrations.ts";
import { Operations } from "./operations.ts";
import { PendingChanges } from "./pending_changes.ts";
import { Purge } from "./purge.ts";
import { Repairs } from "./repairs.ts";
import { MongoReports } from "./reports.ts";
import { RoomChanges } from "./room_changes.ts";
import { MongoRooms } from "./rooms.ts";
import { MongoSearch } from "./search.ts";
import { MongoSessions } from "./sessions.ts";
import { MongoUsers } from "./users.ts";

/**
 * Keeps users, rooms, messages and sessions in a collection each. It needs no transactions, so that
 * a standalone server will do; what must be unique is held by unique indexes.
 */
export class MongoStore implements Store {
  readonly description: string;
  readonly users: MongoUsers;
  readonly sessions: MongoSessions;
  readonly rooms: MongoRooms;
  readonly log: MongoLog;
  readonly messages: MongoMessages;
  readonly members: MongoMembers;
  readonly reports: MongoReports;
  readonly audit: MongoAudit;
  readonly accounts: MongoAccounts;
  readonly blocks: MongoBlocks;
  readonly invitations: MongoInvitations;
  readonly bulkDeletions: MongoBulkDeletions;
  readonly files: MongoFiles;
  readonly search: MongoSearch;
  readonly #connection: Connection;
  readonly #purge: Purge;
  readonly #repairs: Repairs;
  readonly #operations: Operations;
  #epoch = 0;
  #closing: Promise<void> | null = null;

  private constructor(connection: Connection) {
    const collections = collectionsOf(connection.db, connection.limits);
    this.#operations = new Operations(connection.limits);
    const ends = new LogEnds(collections);
    const changes = {
      messages: new PendingChanges(collections),
      rooms: new RoomChanges(collections),
    };
    const reader = new EntryReader(collections, changes.messages);
    this.description = connection.description;
    this.users = new MongoUsers(collections, this.#operations);
    this.sessions = new MongoSessions(collections, this.#operations);
    this.rooms = new MongoRooms(collections, changes.rooms, ends, this.#operations);
    this.log = new MongoLog(collections, reader, changes, ends, this.#operations);
    this.messages = new MongoMessages(
      collections,
      reader,
      changes.messages,
      ends,
      this.#operations,
    );
    this.members = new MongoMembers(collections, changes, ends, this.#operations);
    this.accounts = new MongoAccounts(collections, changes.rooms, ends, this.#operations);
    this.blocks = new MongoBlocks(collections, this.#operations);
    this.invitations = new MongoInvitations(collections, changes.rooms, this.#operations);
    this.bulkDeletions = new MongoBulkDeletions(collections, this.#operations);
    this.files = new MongoFiles(collections, reader, this.#operations);
    this.search = new MongoSearch(collections, this.#operations);
    this.reports = new MongoReports(collections, this.#operations);
    this.audit = new MongoAudit(collections, changes.rooms, this.#operations);
    this.#purge = new Purge(collections, changes.rooms, this.#operations);
    this.#repairs = new Repairs(collections, changes, this.#operations);
    this.#connection = connection;
    connection.client.on("topologyDescriptionChanged", () => {
      this.#epoch++;
      ends.forget();
      this.accounts.forget();
    });
  }

  /**
   * Brings the documents up to date and makes the indexes that are missing; resolves once they
   * exist. The connection is the store's from now on, and ends with it.
   * @throws Error of one line if the server refuses the indexes, or the database is of a later version
   */
  static async open(connection: Connection): Promise<MongoStore> {
    try {
      await connection.patiently((db) => migrate(db));
      return new MongoStore(connection);
    } catch (error) {
      await connection.client.close();
      throw new Error(`${connection.description} cannot be prepared: ${reason(error)}`, {
        cause: error,
      });
    }
  }

  get epoch(): number {
    return this.#epoch;
  }

  ping(): Promise<void> {
    return this.#operations.run(async () => {
      await this.#connection.db.command({ ping: 1 });
    });
  }

  async repair(): Promise<void> {
    // In this order: changes of rooms that are completed leave marks for accounts.
    await this.#repairs.run();
    await this.accounts.repair();
    await this.#purge.run();
  }

  close(): Promise<void> {
    this.#closing ??= this.#operations.close().then(() => this.#connection.client.close());
    return this.#closing;
  }
}
