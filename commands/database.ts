/** The embedded database that commands work on, which they never make. */
import { ConfigError } from "../src/config/config_error.ts";

/**
 * Makes sure that there is one: the store would make a new one.
 * @throws ConfigError
 */
export async function requireDatabase(dataDir: string): Promise<void> {
  const path = `${dataDir}/echoroom.db`;
  if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return;
  throw new ConfigError(
    `DATA_DIR is ${JSON.stringify(dataDir)}, where there is no database; set it as for the server`,
  );
}
