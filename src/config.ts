/** Reads the environment, once, into the one plain object that the rest of EchoRoom is given. */
import { parseEnv } from "node:util";
import ms from "ms";
import type { LogLevel } from "@logtape/logtape";
import { z } from "zod";
import { developmentSecrets } from "./development_secrets.ts";

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

/** A setting that cannot be used. The message is one line: the variable, its fault, the fix. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const SECRET_BYTES = 32;
const PRODUCTION_COST = 10;
const MAX_WORKERS = 64;
/** Browsers keep no cookie for longer (RFC 6265bis). */
const MAX_DAYS = 400;
const LOG_LEVELS = ["trace", "debug", "info", "warn", "warning", "error", "fatal"] as const;

const Environment = z.object({
  NODE_ENV: oneOf(["development", "production"]).default("development"),
  PORT: wholeNumber(0, 65_535).default(3000),
  HOST: z.string().optional(),
  MONGODB_URI: z.string().regex(
    /^mongodb(\+srv)?:\/\/./,
    "is not a MongoDB connection string; write mongodb://host:27017/echoroom, or unset it for SQLite",
  ).optional(),
  DATA_DIR: z.string().default("./data"),
  REDIS_URL: z.string().regex(
    /^rediss?:\/\/./,
    "is not a Redis URL; write redis://host:6379, or unset it",
  ).optional(),
  BUS: oneOf(["auto", "memory", "mongodb", "redis"]).default("auto"),
  WORKERS: workers().default(1),
  CORS_ORIGIN: z.string().default("http://localhost:5173").transform(splitList).pipe(
    z.array(
      z.string().refine(
        isOrigin,
        "holds something that is not an origin; write scheme://host[:port], comma-separated, no path",
      ),
    ),
  ),
  JWT_SECRET: secret().optional(),
  JWT_REFRESH_SECRET: secret().optional(),
  JWT_ACCESS_EXPIRES_IN: duration().default(15 * 60),
  JWT_REFRESH_EXPIRES_IN: duration().default(7 * 24 * 60 * 60),
  BCRYPT_COST: wholeNumber(4, 15).default(12),
  RATE_LIMIT: oneOf(["on", "off"]).default("on"),
  REGISTRATION: oneOf(["open", "closed"]).default("open"),
  TRUST_PROXY: wholeNumber(0, 32).default(0),
  METRICS_TOKEN: z.string().optional(),
  TRY_PAGE: oneOf(["on", "off"]).optional(),
  LOG_LEVEL: oneOf(LOG_LEVELS).default("info").transform((level) => {
    return level === "warn" ? "warning" : level;
  }),
  LOG_FORMAT: oneOf(["pretty", "json"]).optional(),
  DENO_DEPLOYMENT_ID: z.string().optional(),
});

/** Reads `.env` in the working directory, if there is one, and the environment, which wins. */
export async function loadConfig(): Promise<Config> {
  return await readConfig({ ...await readEnvFile(".env"), ...Deno.env.toObject() });
}

/**
 * Turns variables into a config. Empty values count as unset.
 * @throws ConfigError at the first value that cannot be used
 */
export async function readConfig(variables: Record<string, string | undefined>): Promise<Config> {
  const set = Object.entries(variables).filter(([, value]) => value !== undefined && value !== "");
  const result = Environment.safeParse(Object.fromEntries(set));
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new ConfigError(`${String(issue.path[0])} ${issue.message}`);
  }
  const env = result.data;
  const production = env.NODE_ENV === "production";
  if (production) checkProduction(env);
  if (env.DENO_DEPLOYMENT_ID && !env.MONGODB_URI) {
    throw new ConfigError(
      "MONGODB_URI is not set, and Deno Deploy keeps no files for SQLite; set it to a MongoDB connection string.",
    );
  }
  if (env.DENO_DEPLOYMENT_ID && env.WORKERS > 1) {
    throw new ConfigError(
      `WORKERS is ${env.WORKERS}, and Deno Deploy starts isolates by itself; unset it`,
    );
  }
  const secrets = env.JWT_SECRET && env.JWT_REFRESH_SECRET
    ? { access: env.JWT_SECRET, refresh: env.JWT_REFRESH_SECRET }
    : await makeSecrets(env);
  if (secrets.access === secrets.refresh) {
    throw new ConfigError(
      "JWT_REFRESH_SECRET is the same as JWT_SECRET; make another one, for example with: openssl rand -base64 48",
    );
  }
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
    logLevel: env.LOG_LEVEL,
    logFormat: env.LOG_FORMAT ?? (production ? "json" : "pretty"),
  };
}

type Environment = z.output<typeof Environment>;

function checkProduction(env: Environment): void {
  for (const name of ["JWT_SECRET", "JWT_REFRESH_SECRET"] as const) {
    if (env[name]) continue;
    throw new ConfigError(
      `${name} is not set, and NODE_ENV is production; set it to a secret of its own, for example from: openssl rand -base64 48`,
    );
  }
  if (env.BCRYPT_COST < PRODUCTION_COST) {
    throw new ConfigError(
      `BCRYPT_COST is ${env.BCRYPT_COST}, too cheap for production; set it to ${PRODUCTION_COST}–15.`,
    );
  }
}

async function makeSecrets(env: Environment): Promise<{ access: string; refresh: string }> {
  try {
    const made = await developmentSecrets(env.DATA_DIR);
    return {
      access: env.JWT_SECRET ?? made.access,
      refresh: env.JWT_REFRESH_SECRET ?? made.refresh,
    };
  } catch (error) {
    throw new ConfigError(
      `DATA_DIR is ${quote(env.DATA_DIR)}, where the development secrets cannot be kept (${
        message(error)
      }); set it to a folder that can be written.`,
    );
  }
}

async function readEnvFile(path: string): Promise<Record<string, string | undefined>> {
  try {
    return parseEnv(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw new ConfigError(`.env cannot be read (${message(error)}); mend or remove it.`);
  }
}

function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, {
    error: ({ input }) => `is ${quote(input)}; set it to ${values.join(" or ")}`,
  });
}

function wholeNumber(min: number, max: number) {
  const error = ({ input }: { input?: unknown }) =>
    `is ${quote(input)}; set it to a whole number from ${min} to ${max}`;
  return z.string().regex(/^\d{1,9}$/, { error }).transform(Number)
    .pipe(z.number().min(min, { error }).max(max, { error }));
}

/** A number of workers; `auto` is one for each core. */
function workers() {
  return z.string().transform((text, context) => {
    if (text === "auto") return Math.min(navigator.hardwareConcurrency, MAX_WORKERS);
    const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
    if (count >= 1 && count <= MAX_WORKERS) return count;
    context.addIssue(
      `is ${quote(text)}; set it to auto or a whole number from 1 to ${MAX_WORKERS}`,
    );
    return z.NEVER;
  });
}

/** A length of time such as `15m` or `7d`, in seconds. */
function duration() {
  return z.string().transform((text, context) => {
    const milliseconds = /^\d/.test(text) ? ms(text as ms.StringValue) : undefined;
    const seconds = milliseconds === undefined ? 0 : Math.floor(milliseconds / 1000);
    if (seconds >= 1 && seconds <= MAX_DAYS * 24 * 60 * 60) return seconds;
    context.addIssue(
      `is ${quote(text)}; set it to a time from 1s to ${MAX_DAYS}d, such as 15m or 7d`,
    );
    return z.NEVER;
  });
}

/** A secret; its value is never shown. */
function secret() {
  return z.string().refine((text) => new TextEncoder().encode(text).length >= SECRET_BYTES, {
    error:
      `is shorter than ${SECRET_BYTES} bytes; make a longer one, for example with: openssl rand -base64 48`,
  });
}

function splitList(text: string): string[] {
  return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

function quote(value: unknown): string {
  return JSON.stringify(value);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
