/** The way to a MongoDB database whose acked writes last and whose reads show only such writes. */
import { type Db, type Document, MongoClient, type MongoClientOptions, ReadConcern } from "mongodb";
import { TIME_LIMITS, type TimeLimits } from "./time_limits.ts";

const DEFAULT_DATABASE = "echoroom";

/** MongoDB 5.0: `$lookup` with both a join field and a pipeline. */
const MIN_WIRE_VERSION = 13;

/**
 * Commands under way at once. What a caller has given up goes on in the server: with many it would
 * have no time for those that are still wanted.
 */
const POOL_SIZE = 32;

export interface Connection {
  client: MongoClient;
  db: Db;
  /** Does something with the same database by commands that may take as long as they need. */
  patiently<T>(work: (db: Db) => Promise<T>): Promise<T>;
  /** Where it leads and to what kind of server, without credentials. */
  description: string;
  /** Whether it has change streams, which only replica sets and sharded clusters have. */
  changeStreams: boolean;
  limits: TimeLimits;
}

/**
 * Connects to the database that the URI names, by default `echoroom`. All that is done through `db`
 * is acked by a majority's journals, and reads from the primary what a majority has.
 * @throws Error of one line if the URI asks for less, or its server cannot be used
 */
export async function connect(uri: string, limits = TIME_LIMITS): Promise<Connection> {
  const client = createClient(uri, limits);
  try {
    checkPromises(client);
    const name = namesDatabase(uri) ? undefined : DEFAULT_DATABASE;
    const writeConcern = { w: "majority", journal: true } as const;
    const reading = {
      readConcern: new ReadConcern("majority"),
      readPreference: "primary",
    } as const;
    const db = client.db(name, {
      ...reading,
      writeConcern: { ...writeConcern, wtimeoutMS: limits.step },
    });
    const patiently = async <T>(work: (db: Db) => Promise<T>) => {
      // A client of its own, because only a client's options lift the limit of its sockets.
      await using patient = createClient(uri, limits, { socketTimeoutMS: 0 });
      return await work(patient.db(name, { ...reading, writeConcern }));
    };
    const server = await greet(client);
    const place = `${address(client)}/${db.databaseName}`;
    const changeStreams = server.setName !== undefined || server.msg === "isdbgrid";
    const description = `MongoDB (${place}, ${kindOf(server)})`;
    return { client, db, patiently, description, changeStreams, limits };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** The first line of what went wrong. */
export function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? message;
}

/** The driver's errors on a URI may quote it, or the part that they could not read. */
function reasonWithoutCredentials(error: unknown, uri: string): string {
  const text = reason(error);
  const [, userInfo = ""] = uri.match(/^[^:]+:\/\/(.*)@/s) ?? [];
  const parts = [userInfo, ...userInfo.split(/[:@/?#]/)].filter((part) => part !== "");
  const quotes = text.includes("://") || parts.some((part) => text.includes(part));
  const fix =
    "write mongodb://user:password@host:27017/echoroom, special characters of the password percent-encoded";
  return `${quotes ? "it is malformed" : text}; ${fix}`;
}

function createClient(
  uri: string,
  limits: TimeLimits,
  options: MongoClientOptions = {},
): MongoClient {
  try {
    return new MongoClient(uri, { appName: "EchoRoom", ...stepLimits(uri, limits), ...options });
  } catch (error) {
    throw new Error(`The MongoDB URI cannot be read: ${reasonWithoutCredentials(error, uri)}`);
  }
}

/** What the URI asks for, but none longer than a step may take. */
function stepLimits(uri: string, { step }: TimeLimits): MongoClientOptions {
  const { options } = new MongoClient(uri);
  const limit = (asked: number | undefined) => Math.min(asked || step, step);
  return {
    serverSelectionTimeoutMS: limit(options.serverSelectionTimeoutMS),
    connectTimeoutMS: limit(options.connectTimeoutMS),
    waitQueueTimeoutMS: limit(options.waitQueueTimeoutMS),
    socketTimeoutMS: limit(options.socketTimeoutMS),
    ...(!uri.includes("maxPoolSize=") && { maxPoolSize: POOL_SIZE }),
  };
}

function checkPromises({ options }: MongoClient): void {
  const { w, journal } = options.writeConcern ?? {};
  if (w !== undefined && w !== "majority") throw weakPromise(`w=${w}`);
  if (journal === false) throw weakPromise("journal=false");
  const level = options.readConcern?.level ?? "majority";
  if (level !== "majority") throw weakPromise(`readConcernLevel=${level}`);
  const { mode } = options.readPreference;
  if (mode !== "primary") throw weakPromise(`readPreference=${mode}`);
}

function weakPromise(option: string): Error {
  return new Error(
    `The MongoDB URI asks for ${option}, with which acked messages could be lost or missed; ` +
      "remove it: EchoRoom writes with w=majority and journal=true and reads from the primary.",
  );
}

/** The driver would call a database that is not named `test`. */
function namesDatabase(uri: string): boolean {
  return /^[^:]+:\/\/[^/?]+\/[^?]/.test(uri);
}

async function greet(client: MongoClient): Promise<Document> {
  let server: Document;
  try {
    server = await client.db("admin").command({ hello: 1 });
  } catch (error) {
    throw new Error(
      `MongoDB at ${address(client)} cannot be used: ${reason(error)}; ` +
        "start it, or correct the address or the credentials.",
      { cause: error },
    );
  }
  if (server.maxWireVersion < MIN_WIRE_VERSION) {
    throw new Error(`MongoDB at ${address(client)} is too old; EchoRoom needs 5.0 or later.`);
  }
  return server;
}

function address({ options }: MongoClient): string {
  return options.srvHost ?? options.hosts.join(",");
}

function kindOf(server: Document): string {
  if (server.msg === "isdbgrid") return "sharded cluster";
  if (server.setName) return `replica set ${server.setName}`;
  return "standalone: no change streams";
}
