/** `deno task files check`: compares the store with the bytes of files, also beside a running server. */
import {
  checkFiles,
  type FileReport,
  removeLeftOver,
} from "../src/application/files/check_files.ts";
import { openBlobs } from "../src/backends.ts";
import { loadStoreSettings } from "../src/config.ts";
import { runCommand } from "./command.ts";
import { openDatabase } from "./database.ts";

/** How many of each kind are named. */
const NAMED = 20;

await runCommand({
  name: "files",
  help: `Usage: deno task files check [--remove] [--all]

Compares what the store knows of files and avatars with the bytes that are kept, also while servers
run: which are missing, which have another size, which belong to no file and no user. It changes
nothing. The settings are read as the server reads them, from the environment or .env. It exits with
1 if something is wrong, and holds some 300 MB for a million files.

Options:
      --remove  removes the bytes that belong to no file and no user
      --all     names all that it finds, not only the first 20 of each kind
  -h, --help    shows this`,
  options: ["remove", "all"],
  usage: "Write `deno task files check`",
  takes: (words) => words.join(" ") === "check",
  failure: "The files were not checked",
  run: (_, options) => check(options.has("remove"), options.has("all") ? Infinity : NAMED),
});

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
