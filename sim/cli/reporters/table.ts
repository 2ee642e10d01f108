/** The table of a run: a row for each scenario and seed, for people. */
import Table from "cli-table3";
import { styleText } from "node:util";

import { formatDuration } from "../../kernel/index.js";
import type { ScenarioResult } from "../../scenarios/index.js";
import { commandName } from "../command-name.js";

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
      formatRatio(result.virtualMs / result.wallMs),
      formatCount(result.events),
      formatCount(result.assertions),
      paint("gray", result.traceHash),
    ]);
  }
  return table.toString();
}

/** One line under the table: how many held, and the time they took together. */
export function formatTotal(results: readonly ScenarioResult[]): string {
  const failed = results.filter(({ ok }) => !ok).length;
  const sum = (of: (result: ScenarioResult) => number): number =>
    results.reduce((total, each) => total + of(each), 0);
  const times = `${formatDuration(sum((each) => each.virtualMs))} virtual in ${formatDuration(sum((each) => each.wallMs))}`;
  return `${results.length - failed} held, ${failed} failed; ${times}`;
}

/** What a failed scenario has to say: the step, the error and how to see it again. */
export function formatFailure(result: ScenarioResult, color: boolean): string {
  if (result.error === undefined) return "";
  const paint = (style: Style, text: string): string => (color ? styleText(style, text) : text);
  return [
    paint("red", `FAIL ${result.name}, seed ${result.seed}, at the step "${result.error.step}"`),
    result.error.message,
    `Again: ${paint("bold", `${commandName} run ${result.name} --seed ${result.seed} --verbose`)}`,
  ].join("\n");
}

/** @returns A whole number with thin groups, such as `12,345`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

// Virtual seconds that pass in one real second.
function formatRatio(ratio: number): string {
  return `${ratio < 10 ? ratio.toFixed(2) : formatCount(Math.round(ratio))} x`;
}
