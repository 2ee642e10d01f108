/**
 * Whether a scenario does more than it used to: events, SQL statements and virtual time under the same seed and
 * version. These are counted, not measured. They carry no noise, so a single run is enough for an alert.
 */
import type { GateLimits } from "../gate-limits.js";
import { ofLatestRun } from "../grouping.js";
import type { ScenarioRecord } from "../record.js";
import { median } from "../statistics.js";
import type { Verdict } from "../verdict.js";

interface Counter {
  readonly name: string;
  readonly of: (record: ScenarioRecord) => number | undefined;
}

const counters: readonly Counter[] = [
  { name: "events", of: ({ events }) => events },
  { name: "SQL statements", of: ({ resources }) => resources?.sqlStatements },
  { name: "virtual ms", of: ({ virtualMs }) => virtualMs },
];

export function checkCounters(
  scenario: string,
  records: readonly ScenarioRecord[],
  limits: GateLimits,
): readonly Verdict[] {
  const passed = records.filter(({ ok }) => ok);
  const latest = ofLatestRun(passed);
  const verdicts = latest.flatMap((record) => {
    const before = passed.filter(
      (other) => other.run !== record.run && other.seed === record.seed && other.version === record.version,
    );
    if (before.length === 0) return [];
    return counters.flatMap((counter) => judge(counter, record, before.slice(-limits.baselineRuns), limits));
  });
  if (verdicts.length > 0) return verdicts;
  const reason = "No earlier run that passed has the same seed and version.";
  return [{ gate: "counters", subject: scenario, outcome: "not-enough-runs", reason, values: {} }];
}

function judge(
  { name, of }: Counter,
  record: ScenarioRecord,
  before: readonly ScenarioRecord[],
  { counterFactorMax }: GateLimits,
): readonly Verdict[] {
  const found = of(record);
  const earlier = before.map(of).filter((value) => value !== undefined);
  const previous = earlier.at(-1);
  if (found === undefined || previous === undefined) return [];
  const { scenario, seed, version } = record;
  const baseline = median(earlier);
  const verdict = {
    gate: "counters",
    subject: scenario,
    values: { counter: name, seed, version, found, baseline, limit: baseline * counterFactorMax },
  } as const;
  const same = `same seed (${seed}) and version (${version})`;
  if (found > baseline * counterFactorMax) {
    const reason =
      `${found} ${name}, more than ${counterFactorMax} x the ${baseline} of the runs before, with the ${same}. ` +
      "Counted, not measured: the scenario really does more.";
    return [{ ...verdict, outcome: "alert", reason }];
  }
  if (found !== previous) {
    const reason =
      `${found} ${name}, ${previous} in the run before, with the ${same}. ` +
      "Expected after a change to the code; otherwise the run is not deterministic.";
    return [{ ...verdict, outcome: "note", reason }];
  }
  return [{ ...verdict, outcome: "ok", reason: `${found} ${name}, as before.` }];
}
