/** Whether the latest runs of a scenario came near the end of something: heap, events, statements, handles. */
import type { GateLimits } from "../gate-limits.js";
import { ofLatestRun } from "../grouping.js";
import type { ScenarioRecord } from "../record.js";
import type { Verdict } from "../verdict.js";

interface Resource {
  readonly name: string;
  readonly of: (record: ScenarioRecord) => number | undefined;
  readonly limit: keyof GateLimits;
}

const resources: readonly Resource[] = [
  { name: "bytes of heap", of: ({ resources }) => resources?.heapBytes, limit: "heapBytesMax" },
  { name: "events", of: ({ events }) => events, limit: "eventsMax" },
  { name: "SQL statements", of: ({ resources }) => resources?.sqlStatements, limit: "sqlStatementsMax" },
  { name: "open handles", of: ({ resources }) => resources?.openHandles, limit: "openHandlesMax" },
];

/**
 * Errors that say something ran out: the limits of a world, those of the process, and insufficient resources as
 * PostgreSQL reports them (class 53 of appendix A of its manual).
 */
const exhaustion = /^(?:SIM_STEP_LIMIT|SIM_TIME_LIMIT|EMFILE|ENFILE|ENOMEM|ENOSPC|53\w{3})$/;

export function checkResources(
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
    ...resources.flatMap(({ name, of, limit }) => {
      const measured = latest.flatMap((record) => {
        const found = of(record);
        return found === undefined ? [] : [{ found, seed: record.seed }];
      });
      const most = measured.sort((a, b) => b.found - a.found)[0];
      if (most === undefined) return [];
      const over = most.found > limits[limit];
      const reason =
        `${most.found} ${name} with seed ${most.seed}, ` +
        `${over ? "over" : "within"} the limit of ${limits[limit]}.`;
      const values = { resource: name, ...most, limit: limits[limit] };
      const outcome = over ? "alert" : "ok";
      return [{ gate: "resources", subject: scenario, outcome, reason, values } as const];
    }),
  ];
}
