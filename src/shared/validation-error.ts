/** The error of a request that says something impossible. */

/** One thing that is wrong, and where. */
export interface Problem {
  /** Dotted path into the body, such as `config.duration`. */
  readonly path: string;
  readonly message: string;
}

/** A caller's mistake; the gateway answers it with 400 `VALIDATION_ERROR`. */
export class ValidationError extends Error {
  override readonly name = "ValidationError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; "));
    this.problems = problems;
  }
}
