/** The stores that whole-server tests run on, each as the settings that choose a fresh one. */

export interface StoreSetting {
  name: "SQLite" | "MongoDB";
  /** Settings of a new, empty store. */
  fresh(): Promise<Record<string, string>>;
}

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
