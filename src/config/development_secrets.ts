/** Signing secrets for development: generated at the first start and kept, so that sessions survive a restart. */
import { ConfigError } from "./config_error.ts";

export interface Secrets {
  access: string;
  refresh: string;
}

/**
 * The secrets kept in `dataDir`; generates them, readable by the owner only, if there are none.
 * @throws an error of the file system, or ConfigError for a damaged file
 */
export async function developmentSecrets(dataDir: string): Promise<Secrets> {
  await Deno.mkdir(dataDir, { recursive: true, mode: 0o700 });
  const path = `${dataDir}/development_secrets.json`;
  await writeOnce(path, JSON.stringify({ access: randomSecret(), refresh: randomSecret() }));
  const secrets = parseSecrets(await Deno.readTextFile(path));
  if (secrets) return secrets;
  throw new ConfigError(
    `DATA_DIR is ${
      JSON.stringify(dataDir)
    }, whose development_secrets.json is damaged; restore that file, or delete it: new secrets are made, and all sessions end`,
  );
}

/** @returns null for a damaged file; an error of `JSON.parse` would show its content */
function parseSecrets(text: string): Secrets | null {
  try {
    const { access, refresh } = JSON.parse(text);
    if (isSecret(access) && isSecret(refresh)) return { access, refresh };
  } catch {
    // As anything else that was not written here.
  }
  return null;
}

function isSecret(value: unknown): boolean {
  return typeof value === "string" && value.length >= 32;
}

/** Writes a whole file or, if it is there already, nothing: of two starting processes one wins. */
async function writeOnce(path: string, text: string): Promise<void> {
  const draft = `${path}.${crypto.randomUUID()}`;
  try {
    await Deno.lstat(path);
    return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await Deno.writeTextFile(draft, text, { mode: 0o600, createNew: true });
  try {
    await Deno.link(draft, path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  } finally {
    await Deno.remove(draft);
  }
}

function randomSecret(): string {
  return crypto.getRandomValues(new Uint8Array(48)).toBase64();
}
