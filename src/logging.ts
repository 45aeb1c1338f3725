/** Configures logging: levels, the two formats, and what is never written. */
import { AsyncLocalStorage } from "node:async_hooks";
import {
  configure,
  getAnsiColorFormatter,
  getConsoleSink,
  getJsonLinesFormatter,
  getTextFormatter,
  type LogRecord,
  type TextFormatter,
} from "@logtape/logtape";
import { redactByField } from "@logtape/redaction";
import type { Config } from "./config.ts";

/** Fields whose values are secrets, wherever they appear in a record. */
export const SECRET_FIELDS = [
  /password/i,
  /token/i,
  /secret/i,
  /cookie/i,
  /authorization/i,
  /email/i,
];

/** The message is the template, by which lines of one kind are found; values are fields. */
const jsonLines = getJsonLinesFormatter({ message: "template", properties: "nest:properties" });

export async function configureLogging(
  { logLevel, logFormat }: Pick<Config, "logLevel" | "logFormat">,
): Promise<void> {
  const formatter = logFormat === "json" ? jsonFormatter : prettyFormatter();
  await configure({
    sinks: { console: redactByField(getConsoleSink({ formatter }), SECRET_FIELDS) },
    loggers: [
      { category: ["echoroom"], lowestLevel: logLevel, sinks: ["console"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["console"] },
    ],
    contextLocalStorage: new AsyncLocalStorage(),
  });
}

/**
 * A record as one line of JSON. Beside what JSON has escaped already (C0), a terminal acts on DEL and
 * C1, some readers end lines at U+2028 and U+2029, and direction controls hide what a line says.
 */
export function jsonFormatter(record: LogRecord): string {
  return jsonLines(record).replace(/[\x7f-\x9f\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, escape);
}

function prettyFormatter(): TextFormatter {
  const colors = Deno.stdout.isTerminal() && !Deno.noColor;
  const options = { timestamp: "time", value: prettyValue } as const;
  return colors ? getAnsiColorFormatter(options) : getTextFormatter(options);
}

/**
 * A value in a pretty line. Clients choose paths, names and parts of errors: no value
 * can begin a line of the log, move the cursor or change the direction of what surrounds it. Text
 * keeps to its line; the lines of a stack trace are indented.
 */
export function prettyValue(value: unknown): string {
  if (typeof value === "string") return escapeControls(value);
  return Deno.inspect(value).split("\n").map(escapeControls).join("\n    ");
}

/** Writes control characters, line breaks, direction controls and lone surrogates as escapes. */
function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]/gu, escape);
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
