/** `deno task backup FILE`: copies the embedded database, also of a running server. */
import { backUp } from "../src/adapters/store/sqlite/backup.ts";
import { describeContents, runFileCommand } from "./database_file.ts";

await runFileCommand({
  name: "backup",
  help: `Usage: deno task backup FILE [--force]

Writes a consistent copy of the embedded database to FILE, also while servers run, and checks it.
DATA_DIR is read as the server reads it, from the environment or .env.

Options:
      --force   overwrites FILE
  -h, --help    shows this`,
  options: ["force"],
  onMongodb:
    'MONGODB_URI is set, and so the data is in MongoDB; back it up with: mongodump --oplog --uri="$MONGODB_URI"',
  async copy(database, file, options) {
    const contents = await backUp(database, file, options.has("force"));
    return `Backed up ${database} to ${file}: ${describeContents(contents)}; checked`;
  },
});
