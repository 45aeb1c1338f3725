/** Signing secrets for development: generated at the first start and kept, so that sessions survive a restart. */

export interface Secrets {
  access: string;
  refresh: string;
}

/**
 * The secrets kept in `dataDir`; generates them, readable by the owner only, if there are none.
 * @throws an error of the file system, or one for a damaged file
 */
export async function developmentSecrets(dataDir: string): Promise<Secrets> {
  await Deno.mkdir(dataDir, { recursive: true, mode: 0o700 });
  const path = `${dataDir}/development_secrets.json`;
  await writeOnce(path, JSON.stringify({ access: randomSecret(), refresh: randomSecret() }));
  return parseSecrets(await Deno.readTextFile(path));
}

/** An error must not show the file's content, as that of `JSON.parse` would. */
function parseSecrets(text: string): Secrets {
  try {
    const { access, refresh } = JSON.parse(text);
    if (isSecret(access) && isSecret(refresh)) return { access, refresh };
  } catch {
    // Falls through to the one error for anything that was not written here.
  }
  throw new Error("development_secrets.json is damaged: remove it, and new ones are made");
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
