/** Finds the browser that the page is tested in. */
import { Missing, onPath, type Service } from "./service.ts";

/** @throws Missing if there is no Chromium */
export async function findChromium(): Promise<Service> {
  const path = Deno.env.get("TEST_CHROMIUM") ??
    await onPath("chromium", "chromium-browser", "google-chrome-stable", "google-chrome");
  if (!path) {
    throw new Missing("no Chromium on the PATH; install one, or set TEST_CHROMIUM to its path");
  }
  return {
    description: `Chromium: ${path}`,
    env: { TEST_CHROMIUM: path },
    stop: () => Promise.resolve(),
  };
}
