/** `deno task search rebuild`: makes the index of search again, also beside a running server. */
import { loadStoreSettings } from "../src/config.ts";
import { type Indexed, SearchIndexer } from "../src/services/search_indexer.ts";
import { runCommand } from "./command.ts";
import { openDatabase } from "./database.ts";

await runCommand({
  name: "search",
  help: `Usage: deno task search rebuild

Empties the index that messages are found by, and makes it again from the messages. A running server
goes on, and finds messages as they come back into the index. MONGODB_URI and DATA_DIR are read as the
server reads them, from the environment or .env.

Options:
  -h, --help    shows this`,
  usage: "Say what to do: deno task search rebuild",
  takes: (words) => words.join(" ") === "rebuild",
  failure: "The index of search is not complete",
  async run() {
    console.log(`The index of search is complete: ${describe(await rebuild())}`);
  },
});

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
