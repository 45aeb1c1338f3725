/** The error of settings that cannot be used. */

/**
 * Settings that cannot be used. Each fault is one line: the variable, its fault, the fix; it never
 * holds a secret.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly faults: readonly string[];
  /** Names that are nearly a setting's, which may explain a setting that is missing. */
  readonly warnings: readonly string[];

  constructor(faults: string | readonly string[], warnings: readonly string[] = []) {
    const all = typeof faults === "string" ? [faults] : faults;
    super(all.join("\n"));
    this.faults = all;
    this.warnings = warnings;
  }
}
