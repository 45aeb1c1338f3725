/** Finds the S3 server that tests start for themselves: one that checks signatures. */
import { installPackage } from "./python_package.ts";
import { onPath, type Service } from "./service.ts";

const NANIO = "nanio==0.1.7";

/**
 * Takes `versitygw` on PATH, or nanio as pip installs it once into the user's cache. Nothing is
 * started: a test starts its own, so that it can kill it.
 */
export async function findS3(signal: AbortSignal): Promise<Service> {
  const versity = await onPath("versitygw");
  const command = versity ? versityAt(versity) : nanioBy(await installPackage(NANIO, signal));
  return {
    description: `S3: ${command.join(" ")}`,
    env: { TEST_S3_COMMAND: JSON.stringify(command) },
    [Symbol.asyncDispose]: async () => {},
  };
}

function versityAt(path: string): string[] {
  const keys = ["--access", "{key}", "--secret", "{secret}"];
  return [path, "--quiet", "--port", "127.0.0.1:{port}", ...keys, "posix", "{dir}"];
}

function nanioBy(python: string): string[] {
  // It takes its key from the environment only.
  const keys = ["NANIO_ACCESS_KEY={key}", "NANIO_SECRET_KEY={secret}"];
  const address = ["--host", "127.0.0.1", "--port", "{port}"];
  const quiet = ["--log-level", "error", "--no-access-log"];
  const program = [python, "-m", "nanio", "serve"];
  return ["env", ...keys, ...program, "--data-dir", "{dir}", ...address, ...quiet];
}
