/** A guarantee that was broken, or is not met yet. */

export interface Violation {
  kind:
    | "lost"
    | "miscount"
    | "repeated"
    | "disorder"
    | "hole"
    | "invented"
    | "changed"
    /** What a client shows in the end is not what the server does. */
    | "differs"
    /** A deleted message was shown with its content. */
    | "leaked"
    | "breach";
  /** The source of the finding. */
  sentence: string;
}

/** Whether it may be resolved soon, when what is under way has arrived. */
export function mayPass({ kind }: Violation): boolean {
  return kind === "lost" || kind === "miscount";
}

export function violation(kind: Violation["kind"], sentence: string): Violation {
  return { kind, sentence };
}

export function* about(subject: string, violations: Iterable<Violation>): Generator<Violation> {
  for (const { kind, sentence } of violations) yield violation(kind, `${subject}: ${sentence}`);
}
