/** Reads the environment, once, into the one plain object that the rest of EchoRoom is given. */
import type { LogLevel } from "@logtape/logtape";
import { ConfigError } from "./config/config_error.ts";
import { developmentSecrets } from "./config/development_secrets.ts";
import { readEnvFile } from "./config/env_file.ts";
import { readSettings, type Settings } from "./config/settings.ts";
import { quote } from "./config/values.ts";

export { ConfigError };

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
  /** Whether anybody may make an account. */
  registrationOpen: boolean;
  /** How many proxies' `X-Forwarded-For` is believed. */
  trustProxy: number;
  metricsToken: string | null;
  /** Whether there is a page at `/try`, which makes accounts and a room. */
  tryPage: boolean;
  logLevel: LogLevel;
  logFormat: "pretty" | "json";
}

type Variables = Record<string, string | undefined>;

const PRODUCTION_COST = 10;

/** Reads `.env` in the working directory, if there is one, and the environment, which wins. */
export async function loadConfig(): Promise<Config> {
  return await readConfig({ ...await readEnvFile(".env"), ...Deno.env.toObject() });
}

/**
 * Turns variables into a config. Empty values count as unset.
 * @throws ConfigError with every fault that was found
 */
export async function readConfig(variables: Variables): Promise<Config> {
  const set = withoutEmpty(variables);
  const { settings, faults } = readSettings(set);
  faults.push(...combinedFaults(settings, set));
  const secrets = await readSecrets(settings, set, faults);
  if (faults.length > 0) throw new ConfigError(faults);
  // Without a fault there is a value, or a default, for each.
  const env = settings as Settings;
  const production = env.NODE_ENV === "production";
  return {
    production,
    host: env.HOST ?? (production ? "0.0.0.0" : "127.0.0.1"),
    port: env.PORT,
    mongodbUri: env.MONGODB_URI ?? null,
    redisUrl: env.REDIS_URL ?? null,
    bus: env.BUS,
    dataDir: env.DATA_DIR,
    workers: env.WORKERS,
    corsOrigins: env.CORS_ORIGIN,
    accessSecret: secrets.access,
    refreshSecret: secrets.refresh,
    accessTtl: env.JWT_ACCESS_EXPIRES_IN,
    refreshTtl: env.JWT_REFRESH_EXPIRES_IN,
    bcryptCost: env.BCRYPT_COST,
    rateLimit: env.RATE_LIMIT === "on",
    registrationOpen: env.REGISTRATION === "open",
    trustProxy: env.TRUST_PROXY,
    metricsToken: env.METRICS_TOKEN ?? null,
    tryPage: env.TRY_PAGE === undefined ? !production : env.TRY_PAGE === "on",
    logLevel: env.LOG_LEVEL === "warn" ? "warning" : env.LOG_LEVEL,
    logFormat: env.LOG_FORMAT ?? (production ? "json" : "pretty"),
  };
}

function withoutEmpty(variables: Variables): Record<string, string> {
  const isSet = (entry: [string, string | undefined]): entry is [string, string] =>
    entry[1] !== undefined && entry[1].trim() !== "";
  return Object.fromEntries(Object.entries(variables).filter(isSet));
}

/** The faults of settings that can be used by themselves, but not together. */
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

/** The secrets that are set, and in development those kept in `DATA_DIR` for what is not. */
async function readSecrets(
  { NODE_ENV, DATA_DIR, JWT_SECRET, JWT_REFRESH_SECRET }: Partial<Settings>,
  set: Record<string, string>,
  faults: string[],
): Promise<{ access: string; refresh: string }> {
  const secrets = { access: JWT_SECRET ?? "", refresh: JWT_REFRESH_SECRET ?? "" };
  const complete = set.JWT_SECRET && set.JWT_REFRESH_SECRET;
  if (NODE_ENV === "development" && !complete && DATA_DIR !== undefined) {
    try {
      const made = await developmentSecrets(DATA_DIR);
      secrets.access ||= made.access;
      secrets.refresh ||= made.refresh;
    } catch (error) {
      faults.push(
        `DATA_DIR is ${quote(DATA_DIR)}, where the development secrets cannot be kept (${
          message(error)
        }); set it to a folder that can be written`,
      );
    }
  }
  if (secrets.access !== "" && secrets.access === secrets.refresh) {
    faults.push(
      "JWT_REFRESH_SECRET is the same as JWT_SECRET; make another one, for example with: openssl rand -base64 48",
    );
  }
  return secrets;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
