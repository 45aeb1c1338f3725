/** Starts the server, and ends it in good order. */
import { getLogger } from "@logtape/logtape";
import { type Config, ConfigError, loadConfig } from "./src/config.ts";
import { type Running, startInstance } from "./src/instance.ts";
import { configureLogging } from "./src/logging.ts";
import { VERSION } from "./src/version.ts";
import { startWorkers } from "./src/workers/supervisor.ts";

/** How long the end may take; platforms kill after 5 s or more. */
const END_DEADLINE_MS = 4_500;

const logger = getLogger(["echoroom"]);
let ending = false;

try {
  await start();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  for (const fault of error.faults) console.error(`EchoRoom cannot start: ${fault}`);
  Deno.exit(1);
}

async function start(): Promise<void> {
  const config = await loadConfig();
  await configureLogging(config);
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    logger.error("A promise was rejected and nobody minded: {error}", { error: event.reason });
  });
  const starting = config.workers > 1 ? startWorkers(config) : startInstance(config);
  // From now on: the first of several workers serves before the last one has started.
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => void end(starting));
  }
  announce(config, await starting);
}

/** Says where to click, whatever the log level is. */
function announce({ host, logFormat }: Config, { port, description }: Running): void {
  const name = ["0.0.0.0", "::"].includes(host)
    ? "localhost"
    : host.includes(":")
    ? `[${host}]`
    : host;
  const url = `http://${name}:${port}`;
  const text = `EchoRoom ${VERSION} is ready at ${url} (docs: ${url}/docs; ${description})`;
  const line = { "@timestamp": new Date().toISOString(), level: "INFO", message: text };
  console.log(logFormat === "json" ? JSON.stringify(line) : text);
}

async function end(starting: Promise<Running>): Promise<void> {
  if (ending) return;
  ending = true;
  const deadline = new Promise((resolve) => setTimeout(resolve, END_DEADLINE_MS));
  await Promise.race([starting.then((running) => running.end()), deadline]).catch((error) => {
    logger.error("The end was not in good order: {error}", { error });
  });
  Deno.exit(0);
}
