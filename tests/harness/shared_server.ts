/** One server for many tests of a file: to start one takes longer than what most tests do on it. */
import { startServer, type TestServer } from "./server.ts";
import { type Stage, withStage } from "./stage.ts";
import { SQLITE, type StoreSetting, TESTS_ON_A_DATABASE } from "./stores.ts";

/**
 * Gives tests that run one after the other a server, each ten of them another one. To be called
 * while the file is loaded.
 */
export function shareServer({ fresh }: StoreSetting): () => Promise<TestServer> {
  let server: TestServer | null = null;
  let tests = 0;
  const stop = async () => {
    await server?.stop();
    server = null;
  };
  Deno.test.afterAll(stop);
  return async () => {
    if (tests++ % TESTS_ON_A_DATABASE === 0) await stop();
    server ??= await startServer(await fresh());
    // Whoever uses it leaves it running.
    return { ...server, stop: async () => {} };
  };
}

/** The same for tests on a stage. */
export function shareStage(
  setting = SQLITE,
): (act: (stage: Stage) => Promise<void>) => Promise<void> {
  const use = shareServer(setting);
  return async (act) => await withStage(await use(), act);
}
