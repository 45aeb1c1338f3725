/** The database that commands work on, which they never make. */
import { openStore } from "../src/backends.ts";
import type { StoreSettings } from "../src/config.ts";
import { ConfigError } from "../src/config/config_error.ts";

/**
 * Opens the store that the settings name.
 * @throws ConfigError if there is no database; what `openStore` throws
 */
export async function openDatabase(settings: StoreSettings): ReturnType<typeof openStore> {
  // The store would make a new one.
  if (settings.mongodbUri === null) await requireFile(settings.dataDir);
  return await openStore(settings);
}

async function requireFile(dataDir: string): Promise<void> {
  const path = `${dataDir}/echoroom.db`;
  if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return;
  throw new ConfigError(
    `DATA_DIR is ${JSON.stringify(dataDir)}, where there is no database; set it as for the server`,
  );
}
