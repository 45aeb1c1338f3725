/** Starts the server, and shuts it down in order. */
import { getLogger } from "@logtape/logtape";
import { within } from "./src/async/deadline.ts";
import { type Config, ConfigError, loadConfig } from "./src/config.ts";
import { type CommandLine, HELP, readCommandLine } from "./src/config/command_line.ts";
import type { Running } from "./src/instance.ts";
import { ChatError } from "./src/domain/errors.ts";
import { configureLogging } from "./src/logging.ts";
import { VERSION } from "./src/version.ts";

/** How long the shutdown may take; platforms kill after 5 s or more. */
const END_DEADLINE_MS = 4_500;

const SIGNALS: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

const logger = getLogger(["echoroom"]);
let ending = false;

const commandLine = readCommandLine(Deno.args);
if (commandLine.wants === "help") console.log(HELP);
else if (commandLine.wants === "version") console.log(`EchoRoom ${VERSION}`);
else await start(commandLine).catch(refuse);

async function start(options: CommandLine): Promise<void> {
  const config = await loadConfig(options);
  await configureLogging(config);
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    logger.error("Unhandled rejection: {error}", { error: event.reason });
  });
  const starting = startServer(config);
  // Before all have started: the first of several workers serves already.
  for (const signal of SIGNALS) {
    Deno.addSignalListener(signal, () => void end(starting));
  }
  announce(config, await starting);
}

/** Imports the server only now: `--help` needs none of it, and importing it needs permissions. */
async function startServer(config: Config): Promise<Running> {
  if (config.workers === 1) return await (await import("./src/instance.ts")).startInstance(config);
  return await (await import("./src/workers/supervisor.ts")).startWorkers(config);
}

function refuse(error: unknown): never {
  for (const line of refusal(error)) console.error(line);
  Deno.exit(1);
}

function refusal(error: unknown): string[] {
  if (error instanceof ConfigError) {
    return [
      ...error.warnings.map((warning) => `EchoRoom warning: ${warning}`),
      ...error.faults.map((fault) => `EchoRoom cannot start: ${fault}`),
    ];
  }
  if (error instanceof ChatError) return [`EchoRoom cannot start: ${error.message}`];
  if (error instanceof Deno.errors.NotCapable) {
    const [flag] = error.message.match(/--allow-\w+/) ?? ["a permission"];
    return [
      `EchoRoom cannot start: the runtime was started without ${flag}; start with \`deno task start\`, or add the flag`,
    ];
  }
  throw error;
}

/** Prints the address and the warnings, whatever the log level is. */
function announce({ host, logFormat, warnings }: Config, { port, description }: Running): void {
  const name = ["0.0.0.0", "::"].includes(host)
    ? "localhost"
    : host.includes(":")
    ? `[${host}]`
    : host;
  const url = `http://${name}:${port}`;
  const say = (level: string, text: string) => {
    const line = { "@timestamp": new Date().toISOString(), level, message: text };
    console.log(logFormat === "json" ? JSON.stringify(line) : text);
  };
  say("INFO", `EchoRoom ${VERSION} is ready at ${url} (docs: ${url}/docs; ${description})`);
  for (const warning of warnings) say("WARN", `EchoRoom warning: ${warning}`);
}

async function end(starting: Promise<Running>): Promise<void> {
  if (ending) return;
  ending = true;
  const ended = starting.then((running) => running.end());
  const onTimeout = () => {
    logger.warning(
      "Shutting down took too long and was cut short: clients send again what was not acknowledged.",
    );
  };
  await within(ended, END_DEADLINE_MS, onTimeout).catch((error) => {
    logger.error("Shutting down failed: {error}", { error });
  });
  Deno.exit(0);
}
