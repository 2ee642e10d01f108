/** The table of a run: a row for each scenario and seed, for people. */
import Table from "cli-table3";
import { styleText } from "node:util";

import { formatDuration } from "../../kernel/index.js";
import type { ScenarioResult } from "../../scenarios/index.js";

type Style = Parameters<typeof styleText>[0];

/** @param color - Whether escape codes may be used. */
export function formatTable(results: readonly ScenarioResult[], color: boolean): string {
  const paint = (style: Style, text: string): string => (color ? styleText(style, text) : text);
  const table = new Table({
    head: ["", "scenario", "seed", "virtual", "wall", "ratio", "events", "checks", "trace hash"].map(
      (title) => paint("bold", title),
    ),
    colAligns: ["left", "left", "right", "right", "right", "right", "right", "right", "left"],
    style: { head: [], border: color ? ["gray"] : [], compact: true },
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
  });
  for (const result of results) {
    table.push([
      result.ok ? paint("green", "ok") : paint("red", "FAIL"),
      result.name,
      String(result.seed),
      formatDuration(result.virtualMs),
      formatDuration(result.wallMs),
      `${formatCount(Math.round(result.virtualMs / result.wallMs))} x`,
      formatCount(result.events),
      formatCount(result.assertions),
      paint("gray", result.traceHash),
    ]);
  }
  return table.toString();
}

/** What a failed scenario has to say: the step, the error and how to see it again. */
export function formatFailure(result: ScenarioResult, color: boolean): string {
  if (result.error === undefined) return "";
  const paint = (style: Style, text: string): string => (color ? styleText(style, text) : text);
  return [
    paint("red", `FAIL ${result.name}, seed ${result.seed}, at the step "${result.error.step}"`),
    result.error.message,
    `Again: ${paint("bold", `npx phoenix-sim run ${result.name} --seed ${result.seed} --verbose`)}`,
  ].join("\n");
}

/** @returns A whole number with thin groups, such as `12,345`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}
