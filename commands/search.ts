/** `deno task search rebuild`: makes the index of search again, also beside a running server. */
import { loadStoreSettings } from "../src/config.ts";
import { type Indexed, SearchIndexer } from "../src/services/search_indexer.ts";
import { openDatabase } from "./database.ts";
import { fail } from "./failure.ts";

const HELP = `Usage: deno task search rebuild

Empties the index that messages are found by, and makes it again from the messages. A running server
goes on, and finds messages as they come back into the index. MONGODB_URI and DATA_DIR are read as the
server reads them, from the environment or .env.

Options:
  -h, --help    shows this`;

const [action, ...rest] = Deno.args.filter((arg) => arg !== "--");
if (action === "-h" || action === "--help") console.log(HELP);
else if (action !== "rebuild" || rest.length > 0) misused();
else await run();

function misused(): never {
  console.error("Say what to do: deno task search rebuild; see: deno task search --help");
  Deno.exit(2);
}

async function run(): Promise<void> {
  try {
    console.log(`The index of search is complete: ${describe(await rebuild())}`);
  } catch (error) {
    fail("The index of search is not complete", error);
  }
}

async function rebuild(): Promise<Indexed> {
  const { store } = await openDatabase(await loadStoreSettings());
  try {
    await store.search.clear();
    const report = (indexed: Indexed) => console.log(`${describe(indexed)} so far`);
    return await new SearchIndexer(store).indexRest(0, report);
  } finally {
    await store.close();
  }
}

function describe({ messages, rooms }: Indexed): string {
  return `${messages} messages of ${rooms} rooms`;
}
