/** Services that misread what the database says. */
import { type Mutant, skip } from "./mutant.js";
import { controllerSql, gatewaySql, ignoring } from "./twists.js";

// Whichever statement it meets first: an insert, a read, a commit.
const misread = [
  "invariant/acknowledged-writes",
  "invariant/no-internal-error",
  "invariant/linearizable-reads",
  "invariant/token-validity",
];

export const databaseMutants: readonly Mutant[] = [
  {
    name: "conflicts-are-taken-for-success",
    wrong: "a serialization failure (40001) is taken for success",
    caughtBy: misread,
    platform: gatewaySql(ignoring("40001")),
  },
  {
    name: "deadlocks-are-taken-for-success",
    wrong: "a deadlock (40P01) is taken for success",
    caughtBy: misread,
    platform: gatewaySql(ignoring("40P01")),
  },
  {
    name: "timeouts-are-taken-for-success",
    wrong: "a statement that took too long (57014) is taken for done",
    caughtBy: misread,
    platform: gatewaySql(ignoring("57014")),
  },
  {
    name: "too-many-sessions-is-an-internal-error",
    wrong: "that all sessions are taken (53300) is not seen as an outage",
    caughtBy: ["invariant/no-internal-error"],
    platform: gatewaySql(
      () => (statement, values, run) =>
        run(statement, values).catch((error: Error & { readonly code?: unknown }) => {
          throw error.code === "53300" ? new Error(error.message) : error;
        }),
    ),
  },
  {
    name: "connections-are-not-given-back",
    wrong: "each statement keeps its connection for ever",
    caughtBy: ["convergence/socket-order", "convergence/recovery", "convergence/every-experiment-ends"],
    platform: {
      gateway: {
        ports: (ports) => ({
          ...ports,
          sql: {
            ...ports.sql,
            query: async (statement, values) => (await ports.sql.connect()).query(statement, values),
          },
        }),
      },
    },
  },
  {
    name: "undecodable-is-empty",
    wrong: "target nodes that cannot be decoded count as none",
    caughtBy: ["invariant/running-means-deployed", "assertion/SIM_ASSERTION", "convergence/recovery"],
    platform: controllerSql(
      () => (statement, values, run) =>
        statement.name === "claim-experiment"
          ? run(statement, values).then((result) => ({
              ...result,
              rows: result.rows.map((row) => ({ ...row, target_nodes: "[]" })),
            }))
          : undefined,
    ),
  },
  {
    name: "keys-are-checked-then-inserted",
    wrong: "whether a key is free is asked first, and taken for granted when it is inserted",
    caughtBy: ["invariant/no-internal-error", "invariant/idempotency"],
    platform: gatewaySql(() => (statement, values, run) => {
      if (statement.name !== "insert-idempotency-key") return undefined;
      const text = "SELECT scope FROM idempotency_keys WHERE scope = $1";
      return run({ name: "is-key-taken", text }, [values[0]]).then(async ({ rows }) =>
        rows.length > 0
          ? { rows: [], rowCount: 0 }
          : run(
              { name: "insert-key-mutant", text: statement.text.replace("ON CONFLICT DO NOTHING", "") },
              values,
            ),
      );
    }),
  },
  {
    name: "analysis-runs-twice",
    shows: "always",
    wrong: "a second analysis writes the results again",
    caughtBy: ["invariant/results"],
    platform: controllerSql(() => (statement, values, run) => {
      if (statement.name !== "close-experiment") return undefined;
      const text = "UPDATE experiment_results SET recommendation = recommendation WHERE experiment_id = $1";
      return run({ name: "second-analysis", text }, [values[0]]).then(async () => run(statement, values));
    }),
  },
  {
    name: "times-without-zone",
    shows: "always",
    wrong: "the end of a run is stored in local time and read as another",
    caughtBy: ["invariant/run-duration", "convergence/every-experiment-ends"],
    platform: controllerSql(() => (statement, values, run) => {
      if (statement.name !== "transition-experiment" || values[3] !== "running") return undefined;
      const [span] = values.slice(-1);
      return run(statement, [...values.slice(0, -1), `2 hours ${String(span)}`]);
    }),
  },
  {
    name: "signal-is-not-stored",
    shows: "always",
    wrong: "a control signal is kept in memory only",
    caughtBy: ["invariant/acknowledged-writes"],
    platform: gatewaySql(() => skip("insert-signal")),
  },
];
