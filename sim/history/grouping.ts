/** Which records belong together. */
import type { ScenarioRecord } from "./record.js";

/** @returns The records of each scenario, in their order. */
export function byScenario(
  records: readonly ScenarioRecord[],
): ReadonlyMap<string, readonly ScenarioRecord[]> {
  const groups = new Map<string, ScenarioRecord[]>();
  for (const record of records) {
    const group = groups.get(record.scenario);
    if (group === undefined) groups.set(record.scenario, [record]);
    else group.push(record);
  }
  return groups;
}

/** @returns The records of the latest command among them: one for each seed it ran. */
export function ofLatestRun(records: readonly ScenarioRecord[]): readonly ScenarioRecord[] {
  const latest = records.at(-1);
  return latest === undefined ? [] : records.filter(({ run }) => run === latest.run);
}
