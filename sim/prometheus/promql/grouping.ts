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
  const names = groupNames(grouping, without);
  const id = `${without ? "-" : "+"}${names.join("\u0000")}`;
  const share = (group: Labels): Labels => groups.get(group.key)?.labels ?? group;
  matrix.labels.forEach((labels, row) => {
    const group = names.length === 0 ? EMPTY_LABELS : labels.group(id, names, without, share);
    const known = groups.get(group.key);
    if (known !== undefined) known.rows.push(row);
    else groups.set(group.key, { labels: group, rows: [row] });
  });
  return [...groups.values()];
}

/** The labels of the group that a series falls into. */
export function groupLabels(labels: Labels, grouping: readonly string[], without: boolean): Labels {
  const names = groupNames(grouping, without);
  return without ? labels.without(names) : labels.keep(names);
}

function groupNames(grouping: readonly string[], without: boolean): readonly string[] {
  return without ? [...grouping, METRIC_NAME] : grouping;
}
