/** Wrong steps, lost histories, whole-row writes. */
import { transitionExperiment } from "../../src/store/index.js";
import { type Mutant, type Twist, rewrite, skip } from "./mutant.js";
import { controllerSql, gatewaySql } from "./twists.js";

function become(from: string, to: string): () => Twist {
  return () => (statement, values, run) =>
    statement.name === "transition-experiment" && values[3] === from
      ? run(statement, values.with(3, to))
      : undefined;
}

type Transition = Parameters<typeof transitionExperiment>[1];

function endingAt(step: Transition, deadlineMs: number | null): Transition {
  const { spanMs: _span, ...rest } = step;
  return { ...rest, deadlineMs };
}

export const stateMutants: readonly Mutant[] = [
  {
    name: "initialization-is-skipped",
    shows: "always",
    wrong: "an experiment runs at once, without its init tasks",
    caughtBy: ["invariant/legal-transitions"],
    platform: controllerSql(become("initializing", "running")),
  },
  {
    name: "analysis-is-skipped",
    shows: "always",
    wrong: "an experiment completes without being analyzed",
    caughtBy: ["invariant/legal-transitions"],
    platform: controllerSql(become("analyzing", "completed")),
  },
  {
    name: "rename-resets-the-state",
    shows: "always",
    wrong: "a change of the name writes an older state back",
    caughtBy: ["invariant/legal-transitions", "invariant/no-internal-error"],
    platform: gatewaySql(() =>
      rewrite("update-experiment-text", (text) => text.replace("name = $2", "name = $2, state = 'pending'")),
    ),
  },
  {
    name: "transition-without-event",
    shows: "always",
    wrong: "controllers change states and tell nobody",
    caughtBy: ["invariant/atomic-event-log"],
    platform: controllerSql(() => skip("insert-event")),
  },
  {
    name: "cancel-without-event",
    shows: "always",
    wrong: "gateways change experiments and tell nobody",
    caughtBy: ["invariant/atomic-event-log", "invariant/no-lost-update"],
    platform: gatewaySql(() => skip("insert-event")),
  },
  {
    name: "numbers-with-gaps",
    shows: "always",
    wrong: "a transition counts its event twice",
    caughtBy: ["invariant/atomic-event-log"],
    platform: controllerSql(() =>
      rewrite("transition-experiment", (text) => text.replace("event_seq + 1", "event_seq + 2")),
    ),
  },
  {
    name: "creation-is-not-told",
    wrong: "the event of the creation is never written",
    caughtBy: ["invariant/atomic-event-log"],
    platform: controllerSql(() => skip("insert-created-event")),
  },
  {
    name: "whole-row-write",
    wrong: "controllers write the whole row as they read it, and so the old name",
    caughtBy: ["invariant/no-lost-update"],
    platform: controllerSql(() => {
      const names = new Map<unknown, string>();
      return (statement, values, run) => {
        if (statement.name === "claim-experiment") {
          return run(statement, values).then((result) => {
            for (const row of result.rows) names.set(row["id"], String(row["name"]));
            return result;
          });
        }
        const name = names.get(values[0]);
        if (statement.name !== "transition-experiment" || name === undefined) return undefined;
        const text = statement.text.replace("SET state", `SET name = '${name}', state`);
        return run({ name: `transition-whole-row-${name}`, text }, values);
      };
    }),
  },
  {
    name: "target-nodes-are-rewritten",
    shows: "always",
    wrong: "controllers keep only the first target node",
    caughtBy: ["invariant/no-lost-update"],
    platform: controllerSql(() =>
      rewrite("note-applied-version", (text) => text.replace("SET ", `SET target_nodes = '["node1"]', `)),
    ),
  },
  {
    name: "a-third-of-the-duration",
    shows: "always",
    wrong: "the end of a run is computed in other units",
    caughtBy: ["invariant/run-duration"],
    platform: {
      controller: {
        parts: {
          transition: async (sql, step) =>
            transitionExperiment(sql, step.to === "running" ? endingAt(step, step.atMs + 15_000) : step),
        },
      },
    },
  },
  {
    name: "no-end-is-stored",
    shows: "always",
    wrong: "the end of a run is kept in memory only, and missing in the row",
    caughtBy: ["invariant/run-duration"],
    platform: {
      controller: {
        parts: {
          transition: async (sql, step) =>
            transitionExperiment(sql, step.to === "running" ? endingAt(step, null) : step),
        },
      },
    },
  },
  {
    name: "own-wall-clock",
    wrong: "controllers store times of their own wall clocks",
    caughtBy: ["invariant/run-duration", "convergence/every-experiment-ends"],
    platform: {
      controller: {
        parts: ({ clock }) => ({ time: { now: async () => clock.now(), estimate: () => clock.now() } }),
      },
    },
  },
];
