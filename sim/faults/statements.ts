/** Statements that PostgreSQL refuses, with the code that it gives in such a case. */
import { DatabaseError, type PgSession } from "../postgres/index.js";
import { type Fault, type FaultKind, faultOf } from "./fault.js";
import { hostNames, writers } from "./hosts.js";

/** Every n-th statement of a host fails with a SQLSTATE, and its transaction is rolled back. */
export function failingStatements(kind: string, name: string, code: string, every: number): Fault {
  return faultOf(kind, `${kind} (${code}) for ${name}, 1 of ${every}`, (world) => {
    const struck = hostNames(world, name);
    let count = 0;
    const entry = ({ from, name: statement }: { from: string; name: string }): string | undefined => {
      if (!struck.has(from) || statement === "rollback" || statement === "begin") return undefined;
      count += 1;
      return count % every === 0 ? code : undefined;
    };
    world.interference.sql.add(entry);
    return () => void world.interference.sql.delete(entry);
  });
}

/** A deadlock is found, and this transaction is the one that gives way: 40P01. */
export function deadlock(name: string, every: number): Fault {
  return failingStatements("deadlock", name, "40P01", every);
}

/** A transaction conflicts with others: 40001. */
export function serializationFailure(name: string, every: number): Fault {
  return failingStatements("serialization-failure", name, "40001", every);
}

/** A statement takes too long: 57014. */
export function statementTimeout(name: string, every: number): Fault {
  return failingStatements("statement-timeout", name, "57014", every);
}

/** All sessions of PostgreSQL are taken by others: whoever opens one gets 53300. */
export function poolExhausted(): Fault {
  return faultOf("pool-exhausted", "all sessions of PostgreSQL are taken", ({ cluster }) => {
    const taken: PgSession[] = [];
    for (let count = 0; count < 10_000; count++) {
      try {
        taken.push(cluster.postgres.connect({ applicationName: "greedy" }));
      } catch (error) {
        if (error instanceof DatabaseError) break;
        throw error;
      }
    }
    // Those that the platform had are ended, so that it must ask for new ones.
    const own = new Set(taken.map(({ session }) => session.id));
    const last = Math.max(0, ...own);
    for (let pid = 1; pid < last; pid++) if (!own.has(pid)) cluster.postgres.terminate(pid);
    while (cluster.postgres.isRunning) {
      try {
        taken.push(cluster.postgres.connect({ applicationName: "greedy" }));
      } catch {
        break;
      }
    }
    return () => {
      for (const session of taken) session.end();
    };
  });
}

const everies = [1, 2, 3, 7];

function kindOf(kind: string, summary: string, make: (name: string, every: number) => Fault): FaultKind {
  return {
    kind,
    scope: "postgres",
    summary,
    parameters: { name: "host or service", every: "which statements" },
    draw: (pick, world) => make(pick("host", writers(world)), pick("every", everies)),
  };
}

export const statementKinds: readonly FaultKind[] = [
  kindOf("deadlock", "transactions give way to a deadlock (40P01)", deadlock),
  kindOf("serialization-failure", "transactions conflict with others (40001)", serializationFailure),
  kindOf("statement-timeout", "statements take too long (57014)", statementTimeout),
  {
    kind: "pool-exhausted",
    scope: "postgres",
    summary: "all sessions of PostgreSQL are taken (53300)",
    parameters: {},
    draw: () => poolExhausted(),
  },
];
