/** Turns what a schema finds wrong with an input into the error that a client is sent. */
import { ChatError } from "../domain/errors.ts";

/** An issue as Zod and every Standard Schema report it. */
interface Issue {
  readonly message: string;
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

/** The `validation_failed` for an input that a schema refused, with the path of each fault. */
export function invalidInput(issues: readonly Issue[]): ChatError {
  const faults = issues.map(({ path = [], message }) => ({
    path: path.map((part) => String(typeof part === "object" ? part.key : part)).join("."),
    message,
  }));
  const summary = faults.map(({ path, message }) =>
    path ? `${path}: ${message}` : asSentence(message)
  );
  return new ChatError("validation_failed", `${summary.slice(0, 3).join("; ")}.`, { faults });
}

function asSentence(message: string): string {
  return message.charAt(0).toUpperCase() + message.slice(1);
}
