/** What all commands share: arguments, help, the status of the process, errors of one line. */
import { parseArgs } from "node:util";
import { ConfigError } from "../src/config/config_error.ts";
import { fileFault } from "../src/config/file_fault.ts";

export interface Command {
  /** As in `deno task NAME`. */
  name: string;
  help: string;
  /** Options beside `--help`; they take no values. */
  options?: readonly string[];
  /** What to give, for whoever gives something else. */
  usage: string;
  takes(words: readonly string[]): boolean;
  /** What is said of a failure, before its cause. */
  failure: string;
  /** Prints what it has done. @returns false if something is wrong */
  run(words: readonly string[], options: ReadonlySet<string>): Promise<boolean | void>;
}

/**
 * Runs a command with the process's arguments. Exits with 1 if it fails or something is wrong, with 2
 * if it is misused.
 */
export async function runCommand(command: Command): Promise<void> {
  const { words, options } = readArguments(command) ?? { words: [], options: null };
  if (options?.has("help")) return console.log(command.help);
  if (!options || !command.takes(words)) {
    console.error(`${command.usage}; see: deno task ${command.name} --help`);
    Deno.exit(2);
  }
  try {
    if (await command.run(words, options) === false) Deno.exit(1);
  } catch (error) {
    console.error(`${command.failure}: ${describe(error)}`);
    Deno.exit(1);
  }
}

/** @returns null if there is an option that the command does not have */
function readArguments({ options = [] }: Command) {
  try {
    const { values, positionals } = parseArgs({
      args: Deno.args.filter((arg) => arg !== "--"),
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        ...Object.fromEntries(options.map((name) => [name, { type: "boolean" }] as const)),
      },
    });
    return { words: positionals, options: new Set(Object.keys(values)) };
  } catch {
    return null;
  }
}

function describe(error: unknown): string {
  return (error instanceof ConfigError ? error.message : fileFault(error)).replaceAll("\n", "; ");
}
