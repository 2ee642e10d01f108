/** Puts how to run a failed test again into its errors, where every reporter shows it. */
import type { TestContext } from "vitest";

import { appended, namePatternOf, rerunCommand } from "../testing/index.js";

/** @returns The command that runs a test again. @param failure - A seed or a token. */
export function rerunTest(failure: string | number, { file, fullTestName }: TestContext["task"]): string {
  return rerunCommand(failure, "vitest", {
    file: file.filepath,
    namePattern: namePatternOf(fullTestName),
  });
}

/**
 * Adds a report to the first error of a test once it has failed; not when the test is meant to fail, and not where the
 * error already says how to run it again.
 */
export function reportInErrors(
  { task, onTestFailed }: Pick<TestContext, "task" | "onTestFailed">,
  report: () => string,
): void {
  onTestFailed(() => {
    if (task.fails === true) return;
    const errors = task.result?.errors ?? [];
    if (errors.some((error) => texts(error).message.includes("npx phoenix-sim rerun"))) return;
    const [first] = errors;
    // Copies, made by Vitest for its reporters: what the test threw stays as it was, frozen or not.
    if (first !== undefined) Object.assign(first, appended(texts(first), report()));
  });
}

function texts(error: { readonly message?: unknown; readonly stack?: unknown }): {
  readonly message: string;
  readonly stack?: string;
} {
  const { message, stack } = error;
  const known =
    typeof message === "string" ? message : `The test threw ${JSON.stringify(error)}, which is not an Error.`;
  return { message: known, ...(typeof stack === "string" ? { stack } : {}) };
}
