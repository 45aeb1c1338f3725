/** Databases of tests' own on the MongoDB server that the environment names. */
import { connect } from "../../src/adapters/store/mongodb/connection.ts";
import { MongoStore } from "../../src/adapters/store/mongodb/store.ts";
import type { TestDatabase } from "../conformance/store/fixtures.ts";
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
    connect: () => openStore(uri),
    drop: async () => {
      await onServer(uri, (client) => client.db().dropDatabase());
    },
  };
}

export async function openStore(uri: string): Promise<MongoStore> {
  return await MongoStore.open(await connect(uri));
}

/** `new URL` would refuse the several hosts of a replica set. */
function withDatabase(uri: string, name: string): string {
  return uri.replace(/^([^:]+:\/\/[^/?]+)(\/[^?]*)?/, `$1/${name}`);
}
