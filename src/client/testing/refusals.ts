/** The refusals of the server in memory. */
import { ChatError } from "../../domain/errors.ts";

/** @param path the name of the field that is at fault */
export function invalid(path: string, message: string): ChatError {
  const faults = [{ path, message }];
  return new ChatError("validation_failed", `${path} ${message}.`, { faults });
}

export function forbidden(message = "You may not do this."): ChatError {
  return new ChatError("forbidden", message);
}

/** What was thrown, if it is a refusal; anything else is a fault of the double itself, and thrown on. */
export function refusalOf(error: unknown): ChatError {
  if (error instanceof ChatError) return error;
  throw error;
}
