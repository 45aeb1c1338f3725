/** Finds variables that are set under a name that is nearly a setting's. */

/** What other projects call the same thing. */
const ALIASES: Readonly<Record<string, string>> = {
  NODE_ENVIRONMENT: "NODE_ENV",
  MONGODB: "MONGODB_URI",
  MONGO_URL: "MONGODB_URI",
  MONGODB_CONNECTION: "MONGODB_URI",
  MONGO_CONNECTION_STRING: "MONGODB_URI",
  MONGODB_CONNECTION_STRING: "MONGODB_URI",
  JWT_SECRET_KEY: "JWT_SECRET",
  JWT_ACCESS_SECRET: "JWT_SECRET",
  ACCESS_TOKEN_SECRET: "JWT_SECRET",
  JWT_ACCESS_TOKEN_SECRET: "JWT_SECRET",
  JWT_REFRESH_TOKEN_SECRET: "JWT_REFRESH_SECRET",
  JWT_REFRESH_SECRET_KEY: "JWT_REFRESH_SECRET",
  REFRESH_TOKEN_SECRET: "JWT_REFRESH_SECRET",
  REFRESH_SECRET: "JWT_REFRESH_SECRET",
  JWT_EXPIRES_IN: "JWT_ACCESS_EXPIRES_IN",
  JWT_ACCESS_TTL: "JWT_ACCESS_EXPIRES_IN",
  JWT_REFRESH_TTL: "JWT_REFRESH_EXPIRES_IN",
  ACCESS_TOKEN_EXPIRES_IN: "JWT_ACCESS_EXPIRES_IN",
  REFRESH_TOKEN_EXPIRES_IN: "JWT_REFRESH_EXPIRES_IN",
  CORS: "CORS_ORIGIN",
  ALLOWED_ORIGIN: "CORS_ORIGIN",
  ALLOWED_ORIGINS: "CORS_ORIGIN",
  CORS_ALLOW_ORIGIN: "CORS_ORIGIN",
  CORS_ALLOWED_ORIGINS: "CORS_ORIGIN",
  TRUST_PROXIES: "TRUST_PROXY",
  TRUSTED_PROXIES: "TRUST_PROXY",
  BCRYPT_ROUNDS: "BCRYPT_COST",
  BCRYPT_SALT_ROUNDS: "BCRYPT_COST",
  SALT_ROUNDS: "BCRYPT_COST",
  RATE_LIMITING: "RATE_LIMIT",
  RATE_LIMIT_ENABLED: "RATE_LIMIT",
  WORKER_COUNT: "WORKERS",
  DATA_DIRECTORY: "DATA_DIR",
  LOG_LVL: "LOG_LEVEL",
  METRICS_SECRET: "METRICS_TOKEN",
};

/** From so many letters and digits on, one or two wrong ones are clear. */
const ONE_MISTAKE_FROM = 7;
const TWO_MISTAKES_FROM = 9;

/**
 * Says of each variable that is nearly a setting, and that therefore has no effect, which one may be
 * meant. A setting that is set under its own name is not suggested.
 * @param settings the names of all settings
 */
export function misspellings(
  variables: Readonly<Record<string, string>>,
  settings: readonly string[],
): string[] {
  const missing = settings.filter((setting) => variables[setting] === undefined);
  return Object.keys(variables).flatMap((name) => {
    if (settings.includes(name) || !/^[\w.-]+$/.test(name)) return [];
    const meant = ALIASES[name.toUpperCase()] ?? nearest(name, missing);
    if (meant === undefined || !missing.includes(meant)) return [];
    return [`${name} is not a setting and has no effect; did you mean ${meant}?`];
  });
}

function nearest(name: string, settings: readonly string[]): string | undefined {
  const near = settings.map((setting) => ({
    setting,
    distance: distance(bare(name), bare(setting)),
  }))
    .filter(({ setting, distance }) => distance <= tolerance(bare(setting)));
  return near.sort((a, b) => a.distance - b.distance)[0]?.setting;
}

function tolerance({ length }: string): number {
  if (length >= TWO_MISTAKES_FROM) return 2;
  return length >= ONE_MISTAKE_FROM ? 1 : 0;
}

/** A plural, or two letters swapped, is clear however short the name is. */
function distance(letters: string, setting: string): number {
  if (letters === `${setting}S`) return 0;
  if (Math.abs(letters.length - setting.length) > 2) return Infinity;
  const found = mistakes(letters, setting);
  return found === 1 && isAnagram(letters, setting) ? 0 : found;
}

function isAnagram(a: string, b: string): boolean {
  return [...a].sort().join() === [...b].sort().join();
}

/** A name without what is easily got wrong: case, and what stands between its words. */
function bare(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
}

/** How many letters are wrong, missing, too many or swapped with the next (optimal string alignment). */
function mistakes(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const wrong = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + wrong);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}
