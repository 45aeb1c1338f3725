/** Finds the browser that the page is tested in. */
import { onPath, type Service } from "./service.ts";

/** Takes `TEST_CHROMIUM`, or the first Chromium on PATH. */
export async function findChromium(): Promise<Service> {
  const path = Deno.env.get("TEST_CHROMIUM") ??
    await onPath("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome");
  if (!path) throw new Error("no chromium on PATH; install one, or set TEST_CHROMIUM to its path");
  return {
    description: `Chromium: ${path}`,
    env: { TEST_CHROMIUM: path },
    [Symbol.asyncDispose]: async () => {},
  };
}
