/** Finds the Redis that tests start for themselves. */
import { onPath, type Service } from "./service.ts";

const OPTIONS = ["--port", "{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];

/** Takes `redis-server` on PATH. Nothing is started: a test starts its own, so that it can kill it. */
export async function findRedis(): Promise<Service> {
  const path = await onPath("redis-server");
  if (!path) throw new Error("no redis-server on PATH");
  return {
    description: `Redis: ${path}`,
    env: { TEST_REDIS_COMMAND: JSON.stringify([path, ...OPTIONS]) },
    [Symbol.asyncDispose]: async () => {},
  };
}
