/** Series by the value of a label. A label enters the index when it is first asked for: most never are. */
import type { Matcher } from "../labels/index.js";
import type { Series } from "./series.js";

export interface LabelIndex {
  /** Takes in a series that was not there before. */
  add(series: Series): void;
  /** @returns The series that a matcher allows, in the order they came; undefined when only a scan can tell. */
  find(matcher: Matcher): readonly Series[] | undefined;
  clear(): void;
}

/** @param all - Every series there is, in the order they came. */
export function createLabelIndex(all: () => Iterable<Series>): LabelIndex {
  const byName = new Map<string, Map<string, Series[]>>();

  function seriesByValue(name: string): ReadonlyMap<string, readonly Series[]> {
    const known = byName.get(name);
    if (known !== undefined) return known;
    const byValue = new Map<string, Series[]>();
    for (const series of all()) enter(series, name, byValue);
    byName.set(name, byValue);
    return byValue;
  }

  return {
    add(series) {
      for (const [name, byValue] of byName) enter(series, name, byValue);
    },
    find({ name, operator, value, pattern }) {
      if (operator === "=" && value !== "") return seriesByValue(name).get(value) ?? [];
      const literals = operator === "=~" ? pattern?.literals : undefined;
      if (literals === undefined || literals.includes("")) return undefined;
      return [...new Set(literals)].flatMap((literal) => seriesByValue(name).get(literal) ?? []);
    },
    clear: () => byName.clear(),
  };
}

function enter(series: Series, name: string, byValue: Map<string, Series[]>): void {
  const value = series.labels.get(name);
  if (value === "") return;
  const known = byValue.get(value);
  if (known === undefined) byValue.set(value, [series]);
  else known.push(series);
}
