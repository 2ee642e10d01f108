/**
 * Tables of text, without lines around them. The widths of all columns are known before the first row, so that rows can
 * be printed one by one; a table that is too wide for the terminal gives up columns, or cuts them, in a fixed order.
 */
import stringWidth from "string-width";
import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

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
    const least = columns[index]?.yields.width ?? 0;
    widths[index] = least === 0 ? 0 : Math.max(least, (widths[index] ?? 0) - over);
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
