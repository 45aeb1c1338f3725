/** Starts the server, and ends it in good order. */
import { getLogger } from "@logtape/logtape";
import { compose, type Server } from "./src/compose.ts";
import { type Config, ConfigError, loadConfig } from "./src/config.ts";
import { configureLogging } from "./src/logging.ts";
import { VERSION } from "./src/version.ts";

/** How long the end may take; platforms kill after 5 s or more. */
const END_DEADLINE_MS = 4_500;

const logger = getLogger(["echoroom"]);

try {
  await start();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(`EchoRoom cannot start: ${error.message}`);
  Deno.exit(1);
}

async function start(): Promise<void> {
  const config = await loadConfig();
  await configureLogging(config);
  const server = await compose(config);
  const listener = listen(config, server);
  announce(config, listener.addr.port, server.description);
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    logger.error("A promise was rejected and nobody minded: {error}", { error: event.reason });
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => void end(server, listener));
  }
}

function listen({ host, port }: Config, server: Server): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname: host, port, onListen: () => {} }, server.fetch);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new ConfigError(
        `PORT is ${port}, which is taken; set it to another, or 0 for a free one`,
      );
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new ConfigError(
        `PORT is ${port}, which this user may not take; set it to one from 1024 up`,
      );
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      `HOST is "${host}", where it cannot listen (${reason}); unset it, or mend it`,
    );
  }
}

/** Says where to click, whatever the log level is. */
function announce({ host, logFormat }: Config, port: number, description: string): void {
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

let ending = false;

/** Closes sockets before the listener: its own way to end them would be the wrong close code. */
async function end(server: Server, listener: Deno.HttpServer): Promise<void> {
  if (ending) return;
  ending = true;
  const done = server.drain().then(() => Promise.all([listener.shutdown(), server.close()]));
  const deadline = new Promise((resolve) => setTimeout(resolve, END_DEADLINE_MS));
  await Promise.race([done, deadline]).catch((error) => {
    logger.error("The end was not in good order: {error}", { error });
  });
  Deno.exit(0);
}
