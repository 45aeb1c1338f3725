/** `deno task restore FILE`: puts a backup in the place of the embedded database. */
import { restore } from "../src/adapters/store/sqlite/backup.ts";
import { describeContents, runFileCommand } from "./database_file.ts";

await runFileCommand({
  name: "restore",
  help: `Usage: deno task restore FILE

Checks a backup and puts it in the place of the embedded database, which is kept under another name.
Stop the server first: the restore is refused while one runs. DATA_DIR is read as the server reads
it, from the environment or .env.

Options:
  -h, --help    shows this`,
  onMongodb:
    "MONGODB_URI is set, and so the data is in MongoDB; stop all instances and use: mongorestore --oplogReplay --drop",
  copy(database, file) {
    const { former, ...contents } = restore(file, database);
    const kept = former === null ? "" : `; the former database is ${former}`;
    return `Restored ${database} from ${file}: ${describeContents(contents)}${kept}`;
  },
});
