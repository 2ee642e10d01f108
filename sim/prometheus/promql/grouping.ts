/** Which rows belong to the same group of an aggregation. */
import { EMPTY_LABELS, METRIC_NAME, type Labels } from "../labels/index.js";
import type { Matrix } from "./matrix.js";

/** One group and its rows, in the order of the input. */
export interface Group {
  readonly labels: Labels;
  readonly rows: number[];
}

/** Groups rows; groups come in the order of their first row. */
export function groupRows(matrix: Matrix, grouping: readonly string[], without: boolean): Group[] {
  const groups = new Map<string, Group>();
  matrix.labels.forEach((labels, row) => {
    const key = groupKey(labels, grouping, without);
    const known = groups.get(key);
    if (known !== undefined) known.rows.push(row);
    else groups.set(key, { labels: groupLabels(labels, grouping, without), rows: [row] });
  });
  return [...groups.values()];
}

/** The labels of the group that a series falls into. */
export function groupLabels(labels: Labels, grouping: readonly string[], without: boolean): Labels {
  if (without) return labels.without([...grouping, METRIC_NAME]);
  return grouping.length === 0 ? EMPTY_LABELS : labels.keep(grouping);
}

function groupKey(labels: Labels, grouping: readonly string[], without: boolean): string {
  if (without) return groupLabels(labels, grouping, true).key;
  if (grouping.length === 1) return labels.get(grouping[0] as string);
  return grouping.map((name) => labels.get(name)).join("\u0000");
}
