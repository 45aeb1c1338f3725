/** What the backup and restore commands share: arguments, help, settings, one-line errors. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Contents } from "../src/adapters/store/sqlite/backup.ts";
import { loadStoreSettings } from "../src/config.ts";
import { ConfigError } from "../src/config/config_error.ts";
import { fileFault } from "../src/config/file_fault.ts";

export interface Command {
  /** `backup` or `restore`. */
  name: string;
  help: string;
  options: readonly string[];
  /** What to do where the data is in MongoDB. */
  onMongodb: string;
  /** @returns what to print */
  run(database: string, file: string, options: ReadonlySet<string>): Promise<string> | string;
}

/** Runs a command with the process's arguments; exits with 1 if it fails, 2 if it is misused. */
export async function runCommand(command: Command): Promise<void> {
  const { file, options, fault } = readArguments(command);
  if (options.has("help")) return console.log(command.help);
  if (!file || fault) {
    console.error(`${fault ?? "FILE is missing"}; see: deno task ${command.name} --help`);
    Deno.exit(2);
  }
  try {
    const { dataDir, mongodbUri } = await loadStoreSettings();
    if (mongodbUri !== null) throw new ConfigError(command.onMongodb);
    // `deno task` runs in the project's folder, wherever it is called.
    const path = resolve(Deno.env.get("INIT_CWD") ?? ".", file);
    console.log(await command.run(`${dataDir}/echoroom.db`, path, options));
  } catch (error) {
    console.error(`The ${command.name} failed: ${describe(error)}`);
    Deno.exit(1);
  }
}

export function describeContents({ bytes, users, rooms, messages }: Contents): string {
  const size = bytes < 1_000_000
    ? `${Math.ceil(bytes / 1_000)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${size}, ${users} users, ${rooms} rooms, ${messages} messages`;
}

function readArguments(command: Command) {
  try {
    const { values, positionals } = parseArgs({
      args: Deno.args.filter((arg) => arg !== "--"),
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        ...Object.fromEntries(command.options.map((name) => [name, { type: "boolean" }] as const)),
      },
    });
    const fault = positionals.length > 1 ? "there is more than one FILE" : null;
    return { file: positionals[0], options: new Set(Object.keys(values)), fault };
  } catch (error) {
    return { options: new Set<string>(), fault: (error as Error).message.split(". ")[0]! };
  }
}

function describe(error: unknown): string {
  return (error instanceof ConfigError ? error.message : fileFault(error)).replaceAll("\n", "; ");
}
