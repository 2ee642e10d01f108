/** The outcome of a rule test, printed as promtool prints it. */
import type { PromtestReport } from "./run-promtest.js";

/** @param file - Name of the test file. */
export function formatPromtestReport(file: string, { failures }: PromtestReport): string {
  const head = `Unit Testing:  ${file}\n`;
  if (failures.length === 0) return `${head}  SUCCESS\n`;
  return `${head}  FAILED:\n${failures.map((failure) => `    ${failure}\n`).join("")}`;
}
