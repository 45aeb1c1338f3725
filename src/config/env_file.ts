/** Reads a `.env` file. */
import { parseEnv } from "node:util";
import { ConfigError } from "./config_error.ts";

/**
 * @returns the variables that it sets; none if there is no such file
 * @throws ConfigError if it cannot be read
 */
export async function readEnvFile(path: string): Promise<Record<string, string | undefined>> {
  try {
    return parseEnv(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`.env cannot be read (${reason}); mend or remove it.`);
  }
}
