/** Every setting of EchoRoom: its name, its values, its default. */
import { z } from "zod";
import {
  byteSize,
  duration,
  durationOrOff,
  emails,
  headerToken,
  host,
  mongodbUri,
  oneOf,
  origins,
  password,
  redisUrl,
  s3Bucket,
  s3Endpoint,
  secret,
  text,
  wholeNumber,
  workers,
} from "./values.ts";

const LOG_LEVELS = ["trace", "debug", "info", "warn", "warning", "error", "fatal"] as const;

/** Variables with an empty value are left out before. */
export const Settings = z.object({
  NODE_ENV: oneOf(["development", "production"]).default("development"),
  PORT: wholeNumber(0, 65_535).default(3000),
  HOST: host().optional(),
  MONGODB_URI: mongodbUri().optional(),
  DATA_DIR: text().default("./data"),
  FILES_DIR: text().optional(),
  S3_ENDPOINT: s3Endpoint().optional(),
  S3_BUCKET: s3Bucket().optional(),
  S3_ACCESS_KEY_ID: headerToken().optional(),
  S3_SECRET_ACCESS_KEY: headerToken().optional(),
  S3_REGION: headerToken().optional(),
  MAX_FILE_SIZE: byteSize("1KB", "5GB").default(25 * 1_024 ** 2),
  MAX_FILES_PER_USER: byteSize("1KB", "1000TB").default(1_024 ** 3),
  REDIS_URL: redisUrl().optional(),
  BUS: oneOf(["auto", "memory", "mongodb", "redis"]).default("auto"),
  WORKERS: workers().default(1),
  CORS_ORIGIN: origins().default(["http://localhost:5173"]),
  JWT_SECRET: secret().optional(),
  JWT_REFRESH_SECRET: secret().optional(),
  JWT_ACCESS_EXPIRES_IN: duration().default(15 * 60),
  JWT_REFRESH_EXPIRES_IN: duration().default(7 * 24 * 60 * 60),
  BCRYPT_COST: wholeNumber(4, 15).default(12),
  RATE_LIMIT: oneOf(["on", "off"]).default("on"),
  REGISTRATION: oneOf(["open", "closed"]).default("open"),
  ADMIN_EMAIL: emails().default([]),
  ADMIN_PASSWORD: password().optional(),
  TRUST_PROXY: wholeNumber(0, 32).default(0),
  METRICS_TOKEN: headerToken().optional(),
  MESSAGE_EDIT_WINDOW: durationOrOff().default("off"),
  TRY_PAGE: oneOf(["on", "off"]).optional(),
  LOG_LEVEL: oneOf(LOG_LEVELS).default("info"),
  LOG_FORMAT: oneOf(["pretty", "json"]).optional(),
});

export type Settings = z.output<typeof Settings>;

export interface ReadSettings {
  /** The valid ones; if there are faults, others may be missing. */
  settings: Partial<Settings>;
  faults: string[];
}

/** Reads each setting by itself, so that every fault is found at once. */
export function readSettings(variables: Record<string, string>): ReadSettings {
  const settings: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [name, setting] of Object.entries(Settings.shape)) {
    const { success, data, error } = setting.safeParse(variables[name]);
    if (success) settings[name] = data;
    else faults.push(`${name} ${error.issues[0]!.message}`);
  }
  return { settings, faults };
}
