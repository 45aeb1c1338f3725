/** The stores that whole-server tests run on, each as the settings that choose a fresh one. */

export interface StoreSetting {
  name: "SQLite" | "MongoDB";
  /** Settings of a new, empty store. */
  fresh(): Promise<Record<string, string>>;
}

/** Few enough for the rooms of their tests to fit on one page of the list. */
export const TESTS_ON_A_DATABASE = 10;

export const SQLITE: StoreSetting = {
  name: "SQLite",
  fresh: async () => ({ DATA_DIR: await Deno.makeTempDir({ prefix: "echoroom_" }) }),
};

export const MONGODB: StoreSetting = {
  name: "MongoDB",
  fresh: async () => {
    const base = Deno.env.get("TEST_MONGODB_URI");
    if (!base) throw new Error("TEST_MONGODB_URI is not set: run `deno task test`, which sets it");
    const uri = new URL(base);
    uri.pathname = `/echoroom_${crypto.randomUUID().slice(0, 8)}`;
    return { MONGODB_URI: uri.href, ...await SQLITE.fresh() };
  },
};

/** Gives tests that run one after the other the settings of a store, each ten of them of another one. */
export function shareDatabase({ fresh }: StoreSetting): () => Promise<Record<string, string>> {
  let settings: Record<string, string> = {};
  let tests = 0;
  return async () => {
    if (tests++ % TESTS_ON_A_DATABASE === 0) settings = await fresh();
    return settings;
  };
}
