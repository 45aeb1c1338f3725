/** Sets logging up: levels, the two formats, and what must never be written. */
import { AsyncLocalStorage } from "node:async_hooks";
import {
  configure,
  getAnsiColorFormatter,
  getConsoleSink,
  getTextFormatter,
  jsonLinesFormatter,
  type TextFormatter,
} from "@logtape/logtape";
import { redactByField } from "@logtape/redaction";
import type { Config } from "./config.ts";

/** Fields whose values are secrets, wherever they turn up in what is logged. */
const SECRET_FIELDS = [/password/i, /token/i, /secret/i, /cookie/i, /authorization/i, /email/i];

export async function configureLogging(
  { logLevel, logFormat }: Pick<Config, "logLevel" | "logFormat">,
): Promise<void> {
  const formatter = logFormat === "json" ? jsonLinesFormatter : prettyFormatter();
  await configure({
    sinks: { console: redactByField(getConsoleSink({ formatter }), SECRET_FIELDS) },
    loggers: [
      { category: ["echoroom"], lowestLevel: logLevel, sinks: ["console"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["console"] },
    ],
    contextLocalStorage: new AsyncLocalStorage(),
  });
}

function prettyFormatter(): TextFormatter {
  const value = (value: unknown) => typeof value === "string" ? value : Deno.inspect(value);
  const colors = Deno.stdout.isTerminal() && !Deno.noColor;
  const options = { timestamp: "time", value } as const;
  return colors ? getAnsiColorFormatter(options) : getTextFormatter(options);
}
