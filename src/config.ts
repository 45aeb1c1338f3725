/** Reads the environment, once, into one plain object. */
import type { LogLevel } from "@logtape/logtape";
import { checkAddress } from "./address.ts";
import type { CommandLine } from "./config/command_line.ts";
import { ConfigError } from "./config/config_error.ts";
import { developmentSecrets, type Secrets } from "./config/development_secrets.ts";
import { readEnvFile } from "./config/env_file.ts";
import { checkFolder, folderFault } from "./config/file_fault.ts";
import { misspellings } from "./config/misspellings.ts";
import { readSettings, Settings } from "./config/settings.ts";

export { ConfigError };

/** An S3-compatible service, and where files are in it. */
export interface S3Settings {
  /** Without the bucket, and without a slash at its end. */
  endpoint: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
}

export interface Config {
  production: boolean;
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** Null: the embedded store in `dataDir`. */
  mongodbUri: string | null;
  redisUrl: string | null;
  bus: "auto" | "memory" | "mongodb" | "redis";
  dataDir: string;
  /** Where files are kept, rather than in a folder or MongoDB. */
  s3: S3Settings | null;
  /** The folder of files; null: they are in MongoDB or on S3. */
  filesDir: string | null;
  /** In bytes. */
  maxFileSize: number;
  /** In bytes, all files of a user together. */
  maxFilesPerUser: number;
  /** How many isolates serve the port. */
  workers: number;
  /** Origins that may use REST and the WebSocket from a browser, beside the server's own. */
  corsOrigins: string[];
  accessSecret: string;
  refreshSecret: string;
  /** Seconds. */
  accessTtl: number;
  /** Seconds. */
  refreshTtl: number;
  bcryptCost: number;
  rateLimit: boolean;
  /** Whether anybody may create an account. */
  registrationOpen: boolean;
  /** Emails of the accounts that are admins, lower-cased. */
  adminEmails: string[];
  /** Of their accounts, made at the start where they are missing; null: they are not made. */
  adminPassword: string | null;
  /** Milliseconds after which a message is edited no more; null: at any time. */
  editWindow: number | null;
  /** How many proxies' `X-Forwarded-For` is trusted. */
  trustProxy: number;
  metricsToken: string | null;
  /** Whether there is a page at `/try`, which creates accounts and a room. */
  tryPage: boolean;
  logLevel: LogLevel;
  logFormat: "pretty" | "json";
  /** Warnings about valid settings, one line each. */
  warnings: string[];
}

/** Where the data is. */
export type StoreSettings = Pick<Config, "dataDir" | "mongodbUri" | "s3" | "filesDir">;

type Variables = Record<string, string | undefined>;

const PRODUCTION_COST = 10;
/** What services without regions expect. */
const DEFAULT_REGION = "us-east-1";
/** What must be set if any of S3's settings is, and what to set it to. */
const S3_SETTINGS: Readonly<Record<string, string>> = {
  S3_ENDPOINT: "the service's URL",
  S3_BUCKET: "the bucket's name",
  S3_ACCESS_KEY_ID: "the id of a key that may read and write the bucket",
  S3_SECRET_ACCESS_KEY: "that key's secret",
};

/**
 * Reads `.env` in the working directory, if there is one, the environment, which overrides it,
 * and the command line's options, which override both; checks, too, whether the address is free.
 * @throws ConfigError with every fault that was found
 */
export async function loadConfig(
  options: Pick<CommandLine, "variables" | "faults">,
): Promise<Config> {
  const file = await readEnvFile(".env");
  const variables = { ...file.variables, ...Deno.env.toObject(), ...options.variables };
  return await readConfig(variables, { found: [...options.faults, ...file.faults], probe: true });
}

/**
 * Reads where the data is, as the server does, and nothing else: for commands beside a server.
 * @throws ConfigError
 */
export async function loadStoreSettings(): Promise<StoreSettings> {
  const file = await readEnvFile(".env");
  const set = withoutEmpty({ ...file.variables, ...Deno.env.toObject() });
  const { settings, faults } = readSettings(set);
  const own = faults.filter((fault) => /^(DATA_DIR|MONGODB_URI|FILES_DIR|S3_\w+) /.test(fault));
  const all = [...file.faults, ...own, ...s3Faults(set)];
  if (all.length > 0) throw new ConfigError(all);
  const dataDir = settings.DATA_DIR!;
  return { dataDir, mongodbUri: settings.MONGODB_URI ?? null, ...filePlaces(settings, dataDir) };
}

interface ReadOptions {
  /** Faults that were found before. */
  found?: readonly string[];
  /** Whether to check if the address is free. */
  probe?: boolean;
}

/**
 * Turns variables into a config. Empty values count as unset.
 * @throws ConfigError with every fault
 */
export async function readConfig(
  variables: Variables,
  { found = [], probe = false }: ReadOptions = {},
): Promise<Config> {
  const set = withoutEmpty(variables);
  const { settings, faults } = readSettings(set);
  faults.unshift(...found);
  faults.push(...combinedFaults(settings, set));
  if (probe && !set.DENO_DEPLOYMENT_ID) faults.push(...addressFaults(settings, set));
  const secrets = await readSecrets(settings, set, faults);
  const misspelt = misspellings(set, Object.keys(Settings.shape));
  if (faults.length > 0) throw new ConfigError(faults, misspelt);
  // Without a fault there is a value, or a default, for each.
  const env = settings as Settings;
  const production = env.NODE_ENV === "production";
  return {
    production,
    host: hostOf(env),
    port: env.PORT,
    mongodbUri: env.MONGODB_URI ?? null,
    redisUrl: env.REDIS_URL ?? null,
    bus: env.BUS,
    dataDir: env.DATA_DIR,
    ...filePlaces(env, env.DATA_DIR),
    maxFileSize: env.MAX_FILE_SIZE,
    maxFilesPerUser: env.MAX_FILES_PER_USER,
    workers: env.WORKERS,
    corsOrigins: env.CORS_ORIGIN,
    accessSecret: secrets.access,
    refreshSecret: secrets.refresh,
    accessTtl: env.JWT_ACCESS_EXPIRES_IN,
    refreshTtl: env.JWT_REFRESH_EXPIRES_IN,
    bcryptCost: env.BCRYPT_COST,
    rateLimit: env.RATE_LIMIT === "on",
    registrationOpen: env.REGISTRATION === "open",
    adminEmails: env.ADMIN_EMAIL,
    adminPassword: env.ADMIN_PASSWORD ?? null,
    editWindow: env.MESSAGE_EDIT_WINDOW === "off" ? null : env.MESSAGE_EDIT_WINDOW * 1_000,
    trustProxy: env.TRUST_PROXY,
    metricsToken: env.METRICS_TOKEN ?? null,
    tryPage: env.TRY_PAGE === undefined ? !production : env.TRY_PAGE === "on",
    logLevel: env.LOG_LEVEL === "warn" ? "warning" : env.LOG_LEVEL,
    logFormat: env.LOG_FORMAT ?? (production ? "json" : "pretty"),
    warnings: [...misspelt, ...combinedWarnings(settings, set)],
  };
}

/** Where files are: on S3, in the folder that was chosen, in MongoDB, or beside the embedded database. */
function filePlaces(env: Partial<Settings>, dataDir: string): Pick<Config, "s3" | "filesDir"> {
  if (env.S3_ENDPOINT !== undefined) return { s3: s3Of(env), filesDir: null };
  if (env.FILES_DIR !== undefined) return { s3: null, filesDir: env.FILES_DIR };
  return { s3: null, filesDir: env.MONGODB_URI === undefined ? `${dataDir}/files` : null };
}

/** All of them are set if one is. */
function s3Of(env: Partial<Settings>): S3Settings {
  return {
    endpoint: env.S3_ENDPOINT!,
    bucket: env.S3_BUCKET!,
    accessKeyId: env.S3_ACCESS_KEY_ID!,
    secretAccessKey: env.S3_SECRET_ACCESS_KEY!,
    region: env.S3_REGION ?? DEFAULT_REGION,
  };
}

function hostOf({ HOST, NODE_ENV }: Pick<Settings, "HOST" | "NODE_ENV">): string {
  return HOST ?? (NODE_ENV === "production" ? "0.0.0.0" : "127.0.0.1");
}

function addressFaults(
  { HOST, PORT, NODE_ENV }: Partial<Settings>,
  set: Record<string, string>,
): string[] {
  if (PORT === undefined || NODE_ENV === undefined || (set.HOST && !HOST)) return [];
  const fault = checkAddress({ host: hostOf({ HOST, NODE_ENV }), port: PORT });
  return fault === null ? [] : [fault];
}

function withoutEmpty(variables: Variables): Record<string, string> {
  const isSet = (entry: [string, string | undefined]): entry is [string, string] =>
    entry[1] !== undefined && entry[1].trim() !== "";
  return Object.fromEntries(Object.entries(variables).filter(isSet));
}

/** The faults of settings that are valid by themselves, but not together. */
function combinedFaults(settings: Partial<Settings>, set: Record<string, string>): string[] {
  const { NODE_ENV, BCRYPT_COST = PRODUCTION_COST, WORKERS = 1, BUS } = settings;
  const faults: string[] = [];
  if (NODE_ENV === "production") {
    for (const name of ["JWT_SECRET", "JWT_REFRESH_SECRET"]) {
      if (set[name]) continue;
      faults.push(
        `${name} is not set, and NODE_ENV is production; set it to a secret of its own, for example from: openssl rand -base64 48`,
      );
    }
    if (BCRYPT_COST < PRODUCTION_COST) {
      faults.push(
        `BCRYPT_COST is ${BCRYPT_COST}, too cheap for production; set it to ${PRODUCTION_COST}–15`,
      );
    }
  }
  if (set.ADMIN_PASSWORD && !set.ADMIN_EMAIL) {
    faults.push(
      "ADMIN_PASSWORD is set, and ADMIN_EMAIL is not; set it to the email of the account that has it, or unset both",
    );
  }
  faults.push(...s3Faults(set));
  if (BUS === "redis" && !set.REDIS_URL) {
    faults.push('BUS is "redis", and REDIS_URL is not set; set it to redis://host:6379');
  }
  if (BUS === "mongodb" && !set.MONGODB_URI) {
    faults.push(
      'BUS is "mongodb", and MONGODB_URI is not set; set it to a replica set\'s connection string',
    );
  }
  if (set.DENO_DEPLOYMENT_ID && !set.MONGODB_URI) {
    faults.push(
      "MONGODB_URI is not set, and Deno Deploy keeps no files for SQLite; set it to a MongoDB connection string",
    );
  }
  if (set.DENO_DEPLOYMENT_ID && WORKERS > 1) {
    faults.push(`WORKERS is ${WORKERS}, and Deno Deploy starts isolates by itself; unset it`);
  }
  return faults;
}

function s3Faults(set: Record<string, string>): string[] {
  const given = [...Object.keys(S3_SETTINGS), "S3_REGION"].find((name) => set[name]);
  if (given === undefined) return [];
  return Object.entries(S3_SETTINGS).filter(([name]) => !set[name]).map(([name, what]) =>
    `${name} is not set, and ${given} is; set it to ${what}, or unset all settings of S3`
  );
}

function combinedWarnings(settings: Partial<Settings>, set: Record<string, string>): string[] {
  const { NODE_ENV, TRUST_PROXY } = settings;
  if (NODE_ENV !== "production" || TRUST_PROXY !== 0 || set.DENO_DEPLOYMENT_ID) return [];
  return [
    "NODE_ENV is production, and TRUST_PROXY is 0: over plain http browsers drop the Secure cookie that keeps people signed in, except on localhost; put a proxy with https in front and set TRUST_PROXY to 1",
  ];
}

/**
 * The secrets that are set, and in development those kept in `DATA_DIR` for what is not; checks, too,
 * whether that folder can be used if something has to be kept there.
 */
async function readSecrets(
  { NODE_ENV, DATA_DIR, JWT_SECRET, JWT_REFRESH_SECRET }: Partial<Settings>,
  set: Record<string, string>,
  faults: string[],
): Promise<Secrets> {
  const secrets = { access: JWT_SECRET ?? "", refresh: JWT_REFRESH_SECRET ?? "" };
  const incomplete = NODE_ENV === "development" && !(set.JWT_SECRET && set.JWT_REFRESH_SECRET);
  if (DATA_DIR !== undefined && (incomplete || !set.MONGODB_URI)) {
    try {
      await checkFolder(DATA_DIR);
      const made = incomplete ? await developmentSecrets(DATA_DIR) : secrets;
      secrets.access ||= made.access;
      secrets.refresh ||= made.refresh;
    } catch (error) {
      if (error instanceof ConfigError) faults.push(...error.faults);
      else faults.push(folderFault("DATA_DIR", DATA_DIR, error));
    }
  }
  if (secrets.access !== "" && secrets.access === secrets.refresh) {
    faults.push(
      "JWT_REFRESH_SECRET is the same as JWT_SECRET; make another one, for example with: openssl rand -base64 48",
    );
  }
  return secrets;
}
