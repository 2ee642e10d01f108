/** What happened in a world, as its user reads it. */
import type { PhoenixTrace } from "./api.js";
import type { WorldParts } from "./parts.js";

export function createTraceFacade({ loop, recorder, cluster }: WorldParts): PhoenixTrace {
  return {
    get steps() {
      return loop.steps;
    },
    hash: loop.traceHash,
    kept: () => recorder.steps,
    recent: loop.recent,
    deviations: () => loop.choices.deviations,
    answers: () => recorder.answers,
    get sqlStatements() {
      return cluster.postgres.inspect.counters.statements;
    },
    lines: () => recorder.lines,
  };
}
