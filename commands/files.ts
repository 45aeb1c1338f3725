/** `deno task files check`: compares the store with the bytes of files, also beside a running server. */
import { parseArgs } from "node:util";
import {
  checkFiles,
  type FileReport,
  removeLeftOver,
} from "../src/application/files/check_files.ts";
import { openBlobs } from "../src/backends.ts";
import { loadStoreSettings } from "../src/config.ts";
import { openDatabase } from "./database.ts";
import { fail } from "./failure.ts";

const HELP = `Usage: deno task files check [--remove] [--all]

Compares what the store knows of files and avatars with the bytes that are kept, also while servers
run: which are missing, which have another size, which belong to no file and no user. It changes
nothing. The settings are read as the server reads them, from the environment or .env. It exits with
1 if something is wrong, and holds some 300 MB for a million files.

Options:
      --remove  removes the bytes that belong to no file and no user
      --all     names all that it finds, not only the first 20 of each kind
  -h, --help    shows this`;

/** How many of each kind are named. */
const NAMED = 20;

const options = readOptions();
if (options === null) {
  console.error("Write `deno task files check`; see: deno task files --help");
  Deno.exit(2);
} else if (options.help) console.log(HELP);
else await run(options);

interface Options {
  help?: boolean;
  remove?: boolean;
  all?: boolean;
}

/** @returns null if the command is misused */
function readOptions(): Options | null {
  try {
    const { values, positionals } = parseArgs({
      args: Deno.args.filter((arg) => arg !== "--"),
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        remove: { type: "boolean" },
        all: { type: "boolean" },
      },
    });
    return values.help || positionals.join(" ") === "check" ? values : null;
  } catch {
    return null;
  }
}

async function run({ remove = false, all = false }: Options): Promise<void> {
  try {
    const isGood = await check(remove, all ? Infinity : NAMED);
    if (!isGood) Deno.exit(1);
  } catch (error) {
    fail("The files were not checked", error);
  }
}

/** @returns whether nothing is wrong, or is any more */
async function check(remove: boolean, named: number): Promise<boolean> {
  const settings = await loadStoreSettings();
  const { store, mongodb } = await openDatabase(settings);
  try {
    const blobs = await openBlobs(settings, mongodb);
    try {
      const report = await checkFiles({ store, blobs });
      console.log(`${store.description}; files: ${blobs.description}`);
      console.log(describe(report, named));
      if (!remove || report.leftOver.length === 0) {
        return report.faults.length + report.leftOver.length === 0;
      }
      await removeLeftOver({ blobs }, report.leftOver);
      console.log(`Removed ${report.leftOver.length} that belonged to no file and no user`);
      return report.faults.length === 0;
    } finally {
      await blobs.close();
    }
  } finally {
    await store.close();
  }
}

function describe(report: FileReport, named: number): string {
  const { files, avatars, faults, leftOver } = report;
  const ofKind = (kind: string) =>
    faults
      .filter((fault) => fault.kind === kind)
      .map(({ key, owner, id }) => `${key} of ${owner} ${id}`);
  const section = (title: string, lines: string[]) => [
    `${title}: ${lines.length}`,
    ...lines.slice(0, named).map((line) => `  ${line}`),
    ...(lines.length > named ? [`  … and ${lines.length - named} more; --all names them`] : []),
  ];
  const leftBytes = leftOver.reduce((sum, { size }) => sum + size, 0);
  return [
    `${files.count} files: ${files.blobs} blobs of ${files.bytes} bytes; ${avatars.blobs} avatars of ${avatars.bytes} bytes`,
    ...section("missing", ofKind("missing")),
    ...section("of another size", ofKind("damaged")),
    ...section(
      `of no file and no user (${leftBytes} bytes)`,
      leftOver.map(({ key, size }) => `${key}, ${size} bytes`),
    ),
  ].join("\n");
}
