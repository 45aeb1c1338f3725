/** What every store must do, as one suite that each adapter is run through. */
import type { Store } from "../../../src/ports/store/store.ts";
import { testAccounts } from "./accounts.ts";
import { testAnswers } from "./answers.ts";
import { testAudit } from "./audit.ts";
import { testAppend } from "./append.ts";
import { testBlocks } from "./blocks.ts";
import { testBulkDeletions } from "./bulk_deletions.ts";
import { testChanges } from "./changes.ts";
import { testCompareAndSet } from "./compare_and_set.ts";
import { testFiles } from "./files.ts";
import type { Register, TestDatabase } from "./fixtures.ts";
import { testInvitations } from "./invitations.ts";
import { testLifetime } from "./lifetime.ts";
import { testMentions } from "./mentions.ts";
import { testMembers } from "./members.ts";
import { testReactions } from "./reactions.ts";
import { testReads } from "./reads.ts";
import { testReports } from "./reports.ts";
import { testRoomChanges } from "./room_changes.ts";
import { testRooms } from "./rooms.ts";
import { testSearch } from "./search.ts";
import { testSessions } from "./sessions.ts";
import { testUsers } from "./users.ts";

/**
 * Registers the suite for the store that `createDatabase` makes; `name` begins each test's name.
 * @param crowd users who react to one message: as many as the store takes in a few seconds
 */
export function testStore(
  name: string,
  createDatabase: () => Promise<TestDatabase>,
  crowd: number,
): void {
  const test = testsTogether(name, createDatabase);
  const testAlone = testsAlone(name, createDatabase);

  testUsers(test, testAlone);
  testRooms(testAlone);
  testCompareAndSet(test);
  testAppend(test);
  testReads(test, testAlone);
  testChanges(test, testAlone);
  testReactions(test, crowd);
  testAnswers(test);
  testMembers(test);
  testBlocks(test);
  testBulkDeletions(test);
  testFiles(test);
  testInvitations(test);
  testMentions(test);
  testRoomChanges(test);
  testAccounts(test);
  testAudit(test);
  testReports(test);
  testSearch(test, testAlone);
  testSessions(test);
  testLifetime(testAlone);
}

/** Tests each on a database of its own, which is empty, and with stores that they may close. */
function testsAlone(name: string, createDatabase: () => Promise<TestDatabase>): Register {
  return (sentence, run) =>
    Deno.test(`${name}: ${sentence}`, async () => {
      const database = await createDatabase();
      const stores: Store[] = [];
      const connect = async () => {
        const store = await database.connect();
        stores.push(store);
        return store;
      };
      try {
        await run(await connect(), connect);
      } finally {
        await Promise.all(stores.map((store) => store.close()));
        await database.drop();
      }
    });
}

/**
 * Tests all on one database and two stores, because to make them takes longer than most tests: each
 * has users, rooms and sessions of its own.
 */
function testsTogether(name: string, createDatabase: () => Promise<TestDatabase>): Register {
  let database: TestDatabase;
  let stores: [Store, Store];
  Deno.test.beforeAll(async () => {
    database = await createDatabase();
    stores = [await database.connect(), await database.connect()];
  });
  Deno.test.afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await database.drop();
  });
  return (sentence, run) =>
    Deno.test(`${name}: ${sentence}`, () => run(stores[0], () => Promise.resolve(stores[1])));
}
