/** What the backup and restore commands share: the embedded database, and a file for its copy. */
import { resolve } from "node:path";
import type { Contents } from "../src/adapters/store/sqlite/backup.ts";
import { loadStoreSettings } from "../src/config.ts";
import { ConfigError } from "../src/config/config_error.ts";
import { type Command, runCommand } from "./command.ts";

interface FileCommand extends Pick<Command, "name" | "help" | "options"> {
  /** What to do where the data is in MongoDB. */
  onMongodb: string;
  /** @returns what to print */
  copy(database: string, file: string, options: ReadonlySet<string>): Promise<string> | string;
}

/** Runs a command that copies the embedded database to the file that is named, or from it. */
export async function runFileCommand({ onMongodb, copy, ...command }: FileCommand): Promise<void> {
  await runCommand({
    ...command,
    usage: "Give one FILE",
    takes: (words) => words.length === 1,
    failure: `The ${command.name} failed`,
    async run([file], options) {
      const { dataDir, mongodbUri } = await loadStoreSettings();
      if (mongodbUri !== null) throw new ConfigError(onMongodb);
      // `deno task` runs in the project's folder, wherever it is called.
      const path = resolve(Deno.env.get("INIT_CWD") ?? ".", file!);
      console.log(await copy(`${dataDir}/echoroom.db`, path, options));
    },
  });
}

export function describeContents({ bytes, users, rooms, messages }: Contents): string {
  const size = bytes < 1_000_000
    ? `${Math.ceil(bytes / 1_000)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${size}, ${users} users, ${rooms} rooms, ${messages} messages`;
}
