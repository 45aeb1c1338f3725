/** The options of the command that starts the server. */

/** Options that set a variable, and override it. */
const OPTIONS: Readonly<Record<string, string>> = {
  "--port": "PORT",
  "-p": "PORT",
  "--host": "HOST",
};

export interface CommandLine {
  /** What to print instead of starting. */
  wants: "help" | "version" | null;
  variables: Record<string, string>;
  faults: string[];
}

export function readCommandLine(args: readonly string[]): CommandLine {
  const line: CommandLine = { wants: null, variables: {}, faults: [] };
  // `deno task start -- --port 4000` passes the dashes on.
  const rest = args.filter((arg) => arg !== "--");
  while (rest.length > 0) readOption(rest, line);
  return line;
}

/** Removes the first option, and its value, from `rest`. */
function readOption(rest: string[], line: CommandLine): void {
  const arg = rest.shift()!;
  if (arg === "--help" || arg === "-h") line.wants = "help";
  else if (arg === "--version" || arg === "-v" || arg === "-V") line.wants ??= "version";
  else {
    const [option, given] = splitOnce(arg, "=");
    const variable = OPTIONS[option];
    if (variable === undefined) {
      line.faults.push(`${quoteStrange(option)} is not an option; --help lists those there are`);
      return;
    }
    const value = given ?? (rest[0]?.startsWith("--") ? undefined : rest.shift());
    if (value) line.variables[variable] = value;
    else line.faults.push(`${option} has no value; write ${option} ${EXAMPLES[variable]}`);
  }
}

const EXAMPLES: Readonly<Record<string, string>> = { PORT: "4000", HOST: "127.0.0.1" };

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function quoteStrange(text: string): string {
  return /^[\w-]+$/.test(text) ? text : JSON.stringify(text);
}

export const HELP = `Usage: deno task start [options]

Starts EchoRoom. \`deno task dev\` takes the same options, and restarts it when the code changes.

Options:
  -p, --port PORT   where it listens; 0 takes a free port          (3000)
      --host HOST   the address it listens at                      (127.0.0.1, in production 0.0.0.0)
  -h, --help        shows this
  -v, --version     shows the version

Settings, from the environment or a .env file in the working directory:
  NODE_ENV          development or production                      (development)
  DATA_DIR          the folder of the embedded database            (./data)
  MONGODB_URI       a MongoDB to use instead
  REDIS_URL         a Redis that carries events between instances
  CORS_ORIGIN       origins of your front ends, comma-separated    (http://localhost:5173)
  JWT_SECRET, JWT_REFRESH_SECRET
                    required in production, 32 bytes or more each
  TRUST_PROXY       number of proxies in front                     (0)
  WORKERS           isolates that share the port, or auto          (1)
  LOG_LEVEL         trace, debug, info, warn, error or fatal       (info)

.env.example lists all of them.`;
