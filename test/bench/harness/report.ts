/** The figures of a suite, for people and for programs. */
import Table from "cli-table3";

import type { BenchResult } from "./suite.js";

/** @returns A JSON array of `{ name, value, unit, goal, ok }`; `goal` is null where there is none. */
export function formatJson(results: readonly BenchResult[]): string {
  return JSON.stringify(
    results.map(({ name, value, unit, goal, ok }) => ({ name, value: rounded(value), unit, goal, ok })),
    null,
    2,
  );
}

/** @returns A table of medians, the spread of their rounds, and goals. */
export function formatTable(results: readonly BenchResult[]): string {
  const table = new Table({
    head: ["", "bench", "median", "unit", "lowest", "highest", "goal"],
    colAligns: ["left", "left", "right", "left", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
  });
  for (const { name, value, unit, goal, ok, better, rounds } of results) {
    table.push([
      goal === null ? "" : ok ? "ok" : "MISS",
      name,
      show(value),
      unit,
      show(Math.min(...rounds)),
      show(Math.max(...rounds)),
      goal === null ? "" : `${better === "more" ? ">=" : "<="} ${show(goal)}`,
    ]);
  }
  return table.toString();
}

function show(value: number): string {
  return rounded(value).toLocaleString("en-US", { maximumFractionDigits: 3 });
}

function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(4));
}
