/**
 * Tables of text, without lines around them. The widths of all columns are known before the first row, so that rows can
 * be printed one by one; a table that is too wide for the terminal gives up columns, or cuts them, in a fixed order.
 */
import { styleText } from "node:util";
import stringWidth from "string-width";

import { formatDuration } from "../../kernel/index.js";
import type { ScenarioResult } from "../../scenarios/index.js";
import type { Terminal } from "../terminal.js";

type Style = Parameters<typeof styleText>[0];

export interface Column {
  readonly title: string;
  /** Columns of the terminal that its cells take. */
  readonly width: number;
  /** @default "left" */
  readonly align?: "left" | "right";
  /** What happens to it where the table is too wide: those of the least `order` first, down to `width`; 0 leaves it out. */
  readonly yields: { readonly order: number; readonly width: number };
}

/** A cell, and how it looks. */
export type Cell = string | { readonly text: string; readonly style: Style };

export interface TextTable {
  head(): string;
  /** @param cells - One a column, those of columns that were left out included. */
  row(cells: readonly Cell[]): string;
}

const gap = "  ";

/**
 * @param width - Columns of the terminal; no line is wider.
 * @param color - Whether escape codes may be used.
 */
export function createTextTable(columns: readonly Column[], width: number, color: boolean): TextTable {
  const widths = fit(columns, width);

  function line(cells: readonly Cell[]): string {
    let left = width;
    const shown = columns.flatMap((column, index) => {
      const room = Math.min(widths[index] ?? 0, left);
      if (room <= 0) return [];
      const cell = cells[index] ?? "";
      const text = typeof cell === "string" ? cell : cell.text;
      // A number that is longer than was thought takes what it needs as long as there is room.
      const fitted = pad(shorten(text, column.align === "right" ? left : room), room, column.align);
      left -= stringWidth(fitted) + gap.length;
      return [typeof cell === "string" || !color ? fitted : styleText(cell.style, fitted)];
    });
    return shown.join(gap).trimEnd();
  }

  return {
    head: () => line(columns.map(({ title }) => ({ text: title, style: "bold" }))),
    row: line,
  };
}

function fit(columns: readonly Column[], width: number): readonly number[] {
  const widths = columns.map((column) => Math.max(column.width, stringWidth(column.title)));
  const inOrder = columns.map((_, index) => index).sort((a, b) => orderOf(columns, a) - orderOf(columns, b));
  for (const index of inOrder) {
    const shown = widths.filter((each) => each > 0);
    const over = shown.reduce((sum, each) => sum + each, 0) + gap.length * (shown.length - 1) - width;
    if (over <= 0) break;
    const minWidth = columns[index]?.yields.width ?? 0;
    widths[index] = minWidth === 0 ? 0 : Math.max(minWidth, (widths[index] ?? 0) - over);
  }
  return widths;
}

function orderOf(columns: readonly Column[], index: number): number {
  return columns[index]?.yields.order ?? Infinity;
}

function pad(text: string, width: number, align: Column["align"] = "left"): string {
  const spaces = " ".repeat(Math.max(0, width - stringWidth(text)));
  return align === "left" ? text + spaces : spaces + text;
}

/** @returns The text in so many columns of a terminal, with `…` for what does not fit. */
export function shorten(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let [shown, used] = ["", 1];
  for (const letter of text) {
    used += stringWidth(letter);
    if (used > width) break;
    shown += letter;
  }
  return `${shown}…`;
}

/**
 * @returns The text in lines of so many columns, broken between words, and within words that are longer than a line; those
 *   after the first are moved in by `indent`.
 */
export function wrap(text: string, width: number, indent = 2): string {
  if (stringWidth(text) <= width) return text;
  const margin = " ".repeat(indent);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((each) => pieces(each, width - indent))) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && stringWidth(longer) > width) {
      lines.push(line);
      line = margin + word;
    } else line = longer;
  }
  return [...lines, line].join("\n");
}

function pieces(word: string, width: number): readonly string[] {
  const list = [""];
  for (const letter of word) {
    const last = list.at(-1) ?? "";
    if (stringWidth(last + letter) > width) list.push(letter);
    else list[list.length - 1] = last + letter;
  }
  return list;
}

// The table of a run: a row for each scenario and seed, for people.

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
