/** A text that is not YAML, or does not have the form that is wanted. */
import type { YamlPlace } from "./yaml-node.js";

/** One reason, in the words of Go's package, and where. */
export interface YamlProblem {
  readonly message: string;
  readonly place: YamlPlace;
}

/** The message is the one of Go's package; the place is the one of the first problem. */
export class YamlError extends Error {
  override readonly name = "YamlError";
  readonly problems: readonly YamlProblem[];

  /** @param problems - At least one. */
  constructor(message: string, problems: readonly YamlProblem[]) {
    super(message);
    this.problems = problems;
  }

  get place(): YamlPlace {
    return this.problems[0]?.place ?? { line: 1, column: 1 };
  }
}
