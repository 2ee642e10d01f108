/** What a mutant is: a wrong variant of one part of the platform, and the invariant that must catch it. */
import type { PhoenixOptions } from "phoenix-sim";

import type { SqlClient, SqlPool, SqlResult, SqlStatement } from "../../src/ports/index.js";

export interface Mutant {
  /** In kebab case. */
  readonly name: string;
  /** What is wrong with it, as one sentence. */
  readonly wrong: string;
  /** Identities of failures that count as caught: kind, and invariant. */
  readonly caughtBy: readonly string[];
  readonly platform: NonNullable<PhoenixOptions["platform"]>;
  /** Faults under which it shows. @default "swarm" */
  readonly profile?: string;
  /** Whether nearly every run shows it, or only a campaign does. @default "sometimes" */
  readonly shows?: "always" | "sometimes";
}

type Query = (
  statement: SqlStatement,
  values: readonly unknown[],
) => Promise<SqlResult<Record<string, unknown>>>;

/** What a mutant does with a statement: undefined runs it as it is. */
export type Twist = (
  statement: SqlStatement,
  values: readonly unknown[],
  run: Query,
) => ReturnType<Query> | undefined;

/** @returns A pool whose statements go through `twist`, those of transactions too. */
export function twisted(pool: SqlPool, twist: Twist): SqlPool {
  const through = (client: SqlClient): Query => {
    const run: Query = async (statement, values) => client.query(statement, values);
    return async (statement, values) => twist(statement, values, run) ?? run(statement, values);
  };
  return {
    ...pool,
    query: (async (statement: SqlStatement, values: readonly unknown[] = []) =>
      through(pool)(statement, values)) as SqlPool["query"],
    async connect() {
      const connection = await pool.connect();
      const query = through(connection);
      return {
        query: (async (statement: SqlStatement, values: readonly unknown[] = []) =>
          query(statement, values)) as SqlClient["query"],
        release: (destroy?: boolean) => connection.release(destroy),
      };
    },
  };
}

/** @returns A twist that changes the text of one statement. */
export function rewrite(name: string, change: (text: string) => string): Twist {
  return (statement, values, run) => {
    if (statement.name !== name) return undefined;
    const text = change(statement.text);
    if (text === statement.text) throw new Error(`The mutant of ${name} changes nothing.`);
    return run({ name: `${name}-mutant`, text }, values);
  };
}

/** @returns A twist that leaves a statement out: nothing is changed, and one row is reported. */
export function skip(name: string): Twist {
  return ({ name: asked }) =>
    asked === name ? Promise.resolve({ rows: [], rowCount: 1 } as never) : undefined;
}
