/** Says which tests have failed, and why, in few lines: of a long output often only the end is kept. */
import { basename } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { FileRun } from "./file_runs.ts";

const MAX_TESTS = 20;
const MAX_LINES = 5;
const MAX_LINE_LENGTH = 300;

interface Failure {
  test: string;
  /** The beginning of the error, and where in the test file it was thrown, if that is known. */
  lines: string[];
}

/** The lines of a report on the files that have failed; none if all have passed. */
export function describeFailures(runs: readonly FileRun[]): string[] {
  const failed = runs.filter(({ counts }) => counts.failed > 0);
  if (failed.length === 0) return [];
  const files = failed.map(({ file, counts }) => `  ${file}: ${counts.failed}`);
  const failures = failed.flatMap((run) => readFailures(run).map((failure) => ({ run, failure })));
  const tests = failures.slice(0, MAX_TESTS).flatMap(({ run, failure: { test, lines } }) => {
    return ["", cut(`${run.file}: ${test}`), ...lines.map((line) => cut(`  ${line}`))];
  });
  const left = failures.length - MAX_TESTS;
  return ["", "Failed:", ...files, ...tests, ...(left > 0 ? ["", `… and ${left} more`] : [])];
}

/** Reads what `deno test` writes between `ERRORS` and `FAILURES`. */
function readFailures({ file, output }: FileRun): Failure[] {
  const lines = stripVTControlCharacters(output).split("\n");
  const start = lines.lastIndexOf(" ERRORS ");
  // It was killed, or could not even be loaded.
  if (start < 0) return [{ test: "(no result)", lines: written(lines).slice(-MAX_LINES) }];
  const end = lines.lastIndexOf(" FAILURES ");
  const errors = lines.slice(start + 1, end < 0 ? undefined : end);
  const heads = errors.flatMap((line, i) => isHead(line, errors[i + 1]) ? [i] : []);
  return heads.map((head, i) => ({
    test: errors[head]!.replace(/ => \S+$/, ""),
    lines: summarise(errors.slice(head + 1, heads[i + 1]), file),
  }));
}

/** Whether a line names the test whose error comes next. */
function isHead(line: string, next = ""): boolean {
  return / => \S+:\d+:\d+$| \(uncaught error\)$/.test(line) && next.startsWith("error: ");
}

function summarise(error: string[], file: string): string[] {
  const place = error.find((line) => /^\s+at /.test(line) && line.includes(basename(file)));
  const text = written(error).filter((line) => line !== place);
  return place ? [...text.slice(0, MAX_LINES - 1), place.trim()] : text.slice(0, MAX_LINES);
}

function written(lines: string[]): string[] {
  return lines.filter((line) => line.trim() !== "");
}

function cut(line: string): string {
  return line.length > MAX_LINE_LENGTH ? `${line.slice(0, MAX_LINE_LENGTH - 1)}…` : line;
}
