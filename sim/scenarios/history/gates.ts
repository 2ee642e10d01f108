/** Holds a history to its limits: every gate, scenario by scenario, and then the suite as a whole. */
import { resolveGateLimits, type GateLimits } from "./gate-limits.js";
import type { History, RunRecord, ScenarioRecord } from "./history-file.js";
import { byScenario, failureRateAtLeast, median, ofLatestRun, runsToShow } from "./trends.js";

// Whether a scenario does more than it used to: events, SQL statements and virtual time under the same seed and
// version. These are counted, not measured. They carry no noise, so a single run is enough for an alert.

interface Counter {
  readonly name: string;
  readonly of: (record: ScenarioRecord) => number | undefined;
}

const counters: readonly Counter[] = [
  { name: "events", of: ({ events }) => events },
  { name: "SQL statements", of: ({ resources }) => resources?.sqlStatements },
  { name: "virtual ms", of: ({ virtualMs }) => virtualMs },
];

function checkCounters(
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
    return counters.flatMap((counter) =>
      judgeCounter(counter, record, before.slice(-limits.baselineRuns), limits),
    );
  });
  if (verdicts.length > 0) return verdicts;
  const reason = "No earlier run that passed has the same seed and version.";
  return [{ gate: "counters", subject: scenario, outcome: "not-enough-runs", reason, values: {} }];
}

function judgeCounter(
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

// What a gate says of a history.

/** The gates; `failure-rate`, `time` and `resources` are the alerts that every suite must have. */
export type GateName = "failure-rate" | "time" | "counters" | "resources" | "coverage";

export interface Verdict {
  readonly gate: GateName;
  /** The scenario judged, or `all scenarios`. */
  readonly subject: string;
  /**
   * `alert`: the limit was crossed. `note`: something to look at, but no alert. `not-enough-runs`: too early to
   * tell. `ok`: it holds.
   */
  readonly outcome: "alert" | "note" | "not-enough-runs" | "ok";
  /** One sentence with the values found and the limit. */
  readonly reason: string;
  /** The same values, by name. */
  readonly values: Readonly<Record<string, number | string>>;
}

/** The subject of verdicts over the whole suite. */
const allScenarios = "all scenarios";

// Shares as people read them.

/** @param share - From 0 to 1. @returns Text such as `8.3 %`. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

// How much of the API the suite reaches. Only complete runs are judged: one scenario alone cannot reach it all.

const missingShownMax = 10;

function checkCoverage(runs: readonly RunRecord[], { coverageMin }: GateLimits): Verdict {
  const verdict = { gate: "coverage", subject: allScenarios } as const;
  const latest = runs.findLast(({ complete, coverage }) => complete && coverage !== undefined);
  if (latest?.coverage === undefined) {
    const reason = "No run of all scenarios with API coverage is on record.";
    return { ...verdict, outcome: "not-enough-runs", reason, values: {} };
  }
  const { operations, covered, answers, answersSeen, missing } = latest.coverage;
  const share = operations === 0 ? 0 : covered / operations;
  const below = share < coverageMin;
  const shown = missing.slice(0, missingShownMax).join(", ");
  const more = missing.length > missingShownMax ? ` and ${missing.length - missingShownMax} more` : "";
  const reason =
    `${covered} of ${operations} operations answered with success (${percent(share)}), ` +
    `${below ? "below" : "within"} the limit of ${percent(coverageMin)}.` +
    (missing.length === 0 ? "" : ` Missing: ${shown}${more}.`);
  const values = { covered, operations, share, answersSeen, answers, limit: coverageMin, run: latest.run };
  return { ...verdict, outcome: below ? "alert" : "ok", reason, values };
}

// How often a scenario fails. One failure in three runs says little, so it is an alert only once the rate lies
// above the limit with confidence; until then there are not enough runs.

// The quantile is computed to about 15 digits: one failure in one run must not pass for more than 5 %.
const rounding = 1e-9;

function checkFailureRate(scenario: string, records: readonly ScenarioRecord[], limits: GateLimits): Verdict {
  return judgeFailureRate(scenario, records.slice(-limits.failureRuns), limits);
}

/** The same over all scenarios together: one window over the latest runs of any of them. */
function checkFailureRateOfAll(records: readonly ScenarioRecord[], limits: GateLimits): Verdict {
  return judgeFailureRate(allScenarios, records.slice(-limits.failureRuns), limits);
}

function judgeFailureRate(
  subject: string,
  records: readonly ScenarioRecord[],
  { failureRateMax, confidence }: GateLimits,
): Verdict {
  const runs = records.length;
  const failures = records.filter(({ ok }) => !ok);
  const failed = failures.length;
  const atLeast = failureRateAtLeast(failed, runs, confidence);
  const certainly = `with ${percent(confidence)} confidence the rate is at least ${percent(atLeast)}`;
  const found = `${failed} of ${runs} runs failed, ${percent(failed / runs)}`;
  const limit = `the limit is ${percent(failureRateMax)}`;
  const verdict = {
    gate: "failure-rate",
    subject,
    values: { failed, runs, rate: failed / runs, atLeast, limit: failureRateMax },
  } as const;
  if (atLeast > failureRateMax + rounding) {
    const reason = `${found}; ${certainly}, and ${limit}. ${describeFailures(failures)}`;
    return { ...verdict, outcome: "alert", reason };
  }
  if (failed / runs > failureRateMax) {
    const reason = `${found}, but not enough runs to mean it: ${certainly}, and ${limit}. ${describeFailures(failures)}`;
    return { ...verdict, outcome: "not-enough-runs", reason };
  }
  const needed = runsToShow(failureRateMax, confidence);
  if (runs < needed) {
    const reason =
      failed === 0
        ? `No run has failed, but it takes ${needed} to show a rate of at most ${percent(failureRateMax)}.`
        : `${found}; ${limit}. It takes ${needed} runs to tell.`;
    return { ...verdict, outcome: "not-enough-runs", reason };
  }
  return { ...verdict, outcome: "ok", reason: `${found}; ${limit}.` };
}

function describeFailures(failures: readonly ScenarioRecord[]): string {
  const latest = failures.at(-1);
  if (latest === undefined) return "";
  const codes = [...new Set(failures.map(({ error }) => error ?? "unknown"))].join(", ");
  return `Errors: ${codes}. The latest again: npx phoenix-sim run ${latest.scenario} --seed ${latest.seed} --verbose`;
}

// Whether the latest runs of a scenario came near the end of something: heap, events, statements, handles.

interface Resource {
  readonly name: string;
  readonly of: (record: ScenarioRecord) => number | undefined;
  readonly limit: keyof GateLimits;
  /** What they are, where that is known. */
  readonly names?: (record: ScenarioRecord) => readonly string[];
}

const resources: readonly Resource[] = [
  { name: "bytes of heap", of: ({ resources }) => resources?.heapBytes, limit: "heapBytesMax" },
  { name: "events", of: ({ events }) => events, limit: "eventsMax" },
  { name: "SQL statements", of: ({ resources }) => resources?.sqlStatements, limit: "sqlStatementsMax" },
  {
    name: "open handles",
    of: ({ resources }) => resources?.openHandles,
    limit: "openHandlesMax",
    names: ({ resources }) => resources?.openHandleTypes ?? [],
  },
];

/**
 * Errors that say something ran out: the limits of a world, those of the process, and insufficient resources as
 * PostgreSQL reports them (class 53 of appendix A of its manual).
 */
const exhaustion = /^(?:SIM_STEP_LIMIT|SIM_TIME_LIMIT|EMFILE|ENFILE|ENOMEM|ENOSPC|53\w{3})$/;

function checkResources(
  scenario: string,
  records: readonly ScenarioRecord[],
  limits: GateLimits,
): readonly Verdict[] {
  const latest = ofLatestRun(records);
  const exhausted = latest
    .filter(({ error }) => error !== undefined && exhaustion.test(error))
    .map(({ error = "", seed }): Verdict => ({
      gate: "resources",
      subject: scenario,
      outcome: "alert",
      reason: `The run with seed ${seed} ended because something ran out: ${error}.`,
      values: { error, seed },
    }));
  return [
    ...exhausted,
    ...resources.flatMap(({ name, of, limit, names = () => [] }) => {
      const measured = latest.flatMap((record) => {
        const found = of(record);
        return found === undefined ? [] : [{ found, seed: record.seed, names: names(record) }];
      });
      const most = measured.sort((a, b) => b.found - a.found)[0];
      if (most === undefined) return [];
      const over = most.found > limits[limit];
      const { found, seed, names: kinds } = most;
      const reason =
        `${found} ${name} with seed ${seed}, ${over ? "over" : "within"} the limit of ${limits[limit]}` +
        (over && kinds.length > 0 ? `: ${kinds.join(", ")}.` : ".");
      const values = { resource: name, found, seed, limit: limits[limit] };
      const outcome = over ? "alert" : "ok";
      return [{ gate: "resources", subject: scenario, outcome, reason, values } as const];
    }),
  ];
}

// Whether a scenario takes longer than it used to. Wall time also measures the machine and whatever else runs on
// it, so one slow run is only noted; an alert needs several in a row.

function checkTime(
  scenario: string,
  records: readonly ScenarioRecord[],
  { timeFactorMax, slowRuns, baselineRuns, baselineRunsMin }: GateLimits,
): Verdict {
  // A run that failed stopped somewhere: its time says nothing.
  const times = records.filter(({ ok }) => ok).map(({ wallMs }) => wallMs);
  const recent = times.slice(-slowRuns);
  const before = times.slice(0, -slowRuns).slice(-baselineRuns);
  const baselineMs = median(before);
  const limitMs = baselineMs * timeFactorMax;
  const lastMs = recent.at(-1) ?? Number.NaN;
  const verdict = {
    gate: "time",
    subject: scenario,
    values: { lastMs, baselineMs, baselineRuns: before.length, limitMs },
  } as const;
  if (before.length < baselineRunsMin) {
    const reason = `It takes ${baselineRunsMin + slowRuns} runs that passed to compare their wall times.`;
    return { ...verdict, outcome: "not-enough-runs", reason };
  }
  const baseline = `the median of the ${before.length} runs before is ${show(baselineMs)}`;
  const slow = recent.filter((ms) => ms > limitMs).length;
  if (slow === slowRuns) {
    const reason =
      `The last ${slowRuns} runs each took more than ${timeFactorMax} x their usual time ` +
      `(${recent.map(show).join(", ")}; ${baseline}). This is wall time: if the machine was busy, run again.`;
    return { ...verdict, outcome: "alert", reason };
  }
  if (lastMs > limitMs) {
    const reason =
      `The last run took ${show(lastMs)}; ${baseline}. One slow run may be the machine: ` +
      `it is an alert after ${slowRuns} in a row.`;
    return { ...verdict, outcome: "note", reason };
  }
  return { ...verdict, outcome: "ok", reason: `The last run took ${show(lastMs)}; ${baseline}.` };
}

function show(ms: number): string {
  return `${Number(ms.toFixed(ms < 100 ? 1 : 0))} ms`;
}

/**
 * @param options - Limits other than the defaults.
 * @returns One verdict or more for each gate and scenario; none for a history without runs.
 * @throws SimError `SIM_OPTION_INVALID` for a limit out of range.
 */
export function checkHistory(history: History, options: Partial<GateLimits> = {}): readonly Verdict[] {
  const limits = resolveGateLimits(options);
  const groups = byScenario(history.scenarios);
  const verdicts: Verdict[] = [];
  for (const [scenario, records] of groups) {
    verdicts.push(checkFailureRate(scenario, records, limits), checkTime(scenario, records, limits));
    verdicts.push(...checkCounters(scenario, records, limits));
    verdicts.push(...checkResources(scenario, records, limits));
  }
  // The suite as a whole matters when failures are spread so thinly that no scenario alone stands out.
  const named = verdicts.some(({ gate, outcome }) => gate === "failure-rate" && outcome === "alert");
  if (groups.size > 1 && !named) verdicts.push(checkFailureRateOfAll(history.scenarios, limits));
  if (groups.size > 0) verdicts.push(checkCoverage(history.runs, limits));
  return verdicts;
}
