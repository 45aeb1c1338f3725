/** Databases of tests' own on the MongoDB server that the environment names. */
import { Collection } from "mongodb";
import { type Collections, collectionsOf } from "../../src/adapters/store/mongodb/collections.ts";
import { connect } from "../../src/adapters/store/mongodb/connection.ts";
import { MongoStore } from "../../src/adapters/store/mongodb/store.ts";
import type { TimeLimits } from "../../src/adapters/store/mongodb/time_limits.ts";
import type { TestDatabase } from "../conformance/store/fixtures.ts";
import { HANG_LIMITS } from "./deadline.ts";
import { onServer } from "./mongodb_server.ts";

const SERVER_URI = Deno.env.get("TEST_MONGODB_URI");

/** A database that no other test uses. */
export function newDatabase(): TestDatabase & { uri: string } {
  if (!SERVER_URI) {
    throw new Error(
      "TEST_MONGODB_URI is not set; `deno task test` finds or starts a server for it.",
    );
  }
  const name = `echoroom_test_${crypto.randomUUID().replaceAll("-", "")}`;
  const uri = withDatabase(SERVER_URI, name);
  return {
    uri,
    connect: () => openStore(uri, HANG_LIMITS),
    drop: async () => {
      await onServer(uri, (client) => client.db().dropDatabase());
    },
  };
}

/** @param limits by default those of the product */
export async function openStore(uri: string, limits?: TimeLimits): Promise<MongoStore> {
  return await MongoStore.open(await connect(uri, limits));
}

/** A store on a database of its own, and what is in that. */
export interface OwnStore {
  uri: string;
  store: MongoStore;
  collections: Collections;
}

/** Runs a test on a database of its own. */
export async function onOwnStore(run: (own: OwnStore) => Promise<void>): Promise<void> {
  const { uri, drop } = newDatabase();
  const store = await openStore(uri, HANG_LIMITS);
  const { client, db } = await connect(uri, HANG_LIMITS);
  try {
    await run({ uri, store, collections: collectionsOf(db, HANG_LIMITS) });
  } finally {
    await client.close();
    await store.close();
    await drop();
  }
}

/** The collections alone. */
export function allOf(collections: Collections): Collection[] {
  const values: unknown[] = Object.values(collections);
  return values.filter((value) => value instanceof Collection);
}

/** `new URL` would refuse the several hosts of a replica set. */
function withDatabase(uri: string, name: string): string {
  return uri.replace(/^([^:]+:\/\/[^/?]+)(\/[^?]*)?/, `$1/${name}`);
}
