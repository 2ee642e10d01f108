/** The table of a run: a row for each scenario and seed, for people. */
import stringWidth from "string-width";
import { styleText } from "node:util";

import { formatDuration } from "../../kernel/index.js";
import type { ScenarioResult } from "../../scenarios/index.js";
import type { Terminal } from "../terminal.js";
import { type TextTable, createTextTable } from "./text-table.js";

/** @param planned - What is going to be run: the names and seeds say how wide the columns are. */
export function createRunTable(
  planned: readonly { readonly name: string; readonly seed: number }[],
  { width, color }: Pick<Terminal, "width" | "color">,
): { head(): string; row(result: ScenarioResult): string } {
  const longest = (texts: readonly string[]): number =>
    texts.reduce((most, text) => Math.max(most, stringWidth(text)), 0);
  const table: TextTable = createTextTable(
    [
      { title: "", width: 4, yields: { order: 9, width: 4 } },
      {
        title: "scenario",
        width: longest(planned.map(({ name }) => name)),
        yields: { order: 7, width: 16 },
      },
      {
        title: "seed",
        width: longest(planned.map(({ seed }) => String(seed))),
        align: "right",
        yields: { order: 8, width: 4 },
      },
      { title: "virtual", width: 9, align: "right", yields: { order: 6, width: 0 } },
      { title: "wall", width: 7, align: "right", yields: { order: 5, width: 0 } },
      { title: "ratio", width: 7, align: "right", yields: { order: 1, width: 0 } },
      { title: "events", width: 9, align: "right", yields: { order: 3, width: 0 } },
      { title: "checks", width: 7, align: "right", yields: { order: 2, width: 0 } },
      { title: "trace hash", width: 16, yields: { order: 4, width: 10 } },
    ],
    width,
    color,
  );
  return {
    head: table.head,
    row: (result) =>
      table.row([
        result.ok ? { text: "ok", style: "green" } : { text: "FAIL", style: "red" },
        result.name,
        String(result.seed),
        formatDuration(result.virtualMs),
        formatDuration(result.wallMs),
        formatRatio(result.virtualMs / result.wallMs),
        formatCount(result.events),
        formatCount(result.assertions),
        { text: result.traceHash, style: "gray" },
      ]),
  };
}

/** One line under the table: how many passed, and the time they took together. */
export function formatTotal(results: readonly ScenarioResult[]): string {
  const failed = results.filter(({ ok }) => !ok).length;
  const sum = (of: (result: ScenarioResult) => number): number =>
    results.reduce((total, each) => total + of(each), 0);
  const times = `${formatDuration(sum((each) => each.virtualMs))} virtual in ${formatDuration(sum((each) => each.wallMs))}`;
  return `${results.length - failed} passed, ${failed} failed; ${times}`;
}

/** What a failed scenario has to say: the step, the error and how to see it again. */
export function formatFailure(result: ScenarioResult, again: string, color: boolean): string {
  if (result.error === undefined) return "";
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    color ? styleText(style, text) : text;
  const { step, message, source } = result.error;
  return [
    paint("red", `FAIL ${result.name}, seed ${result.seed}, at the step "${step}"`),
    message,
    ...(source === undefined ? [] : [`Source: ${source}`]),
    `Again: ${paint("bold", again)}`,
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
