/** Statements that PostgreSQL refuses, with the code that it gives in such a case. */
import { DatabaseError, type PgSession } from "../../servers/postgres/index.js";
import { replicaLagMsMax } from "../cluster/index.js";
import { faultOf, hostNames, sessionHolders, writers, type Fault, type FaultKind } from "./fault.js";

/** Every n-th statement of a host fails with a SQLSTATE, and its transaction is rolled back. */
function failingStatements(kind: string, name: string, code: string, every: number): Fault {
  return faultOf(kind, `${kind} (${code}) for ${name}, 1 of ${every}`, (world) => {
    const affects = hostNames(world, name);
    let count = 0;
    const entry = ({ from, kind: statement }: { from: string; kind: string }): string | undefined => {
      if (!affects.has(from) || statement === "rollback" || statement === "begin") return undefined;
      count += 1;
      return count % every === 0 ? code : undefined;
    };
    world.faultHooks.sql.add(entry);
    return () => void world.faultHooks.sql.delete(entry);
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
    const sessionIds = new Set(taken.map(({ session }) => session.id));
    const last = Math.max(0, ...sessionIds);
    for (let pid = 1; pid < last; pid++) if (!sessionIds.has(pid)) cluster.postgres.terminate(pid);
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

const everyNth = [1, 2, 3, 7];

function kindOf(kind: string, summary: string, make: (name: string, every: number) => Fault): FaultKind {
  return {
    kind,
    scope: "postgres",
    summary,
    parameters: { name: "host or service", every: "which statements" },
    sample: (choose, world) =>
      make(choose("host", sessionHolders(world, writers(world))), choose("every", everyNth)),
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
    sample: () => poolExhausted(),
  },
];

// Redis that forgets.

/** All keys are gone. Healing does not bring them back. */
export function redisFlush(): Fault {
  return faultOf("redis-flush", "Redis loses all keys", ({ cluster }) => {
    cluster.redis.flush();
    return () => undefined;
  });
}

/** A replica that misses the last writes takes over; connections and subscriptions are gone. */
export function redisFailover(loseLastWritesMs: number): Fault {
  return faultOf(
    "redis-failover",
    `Redis fails over, ${loseLastWritesMs} ms of writes lost`,
    ({ cluster }) => {
      if (cluster.redis.running) cluster.redis.failover({ loseLastWritesMs });
      return () => undefined;
    },
  );
}

/** Published messages are lost on their way to who listens. */
export function pubsubGap(): Fault {
  return faultOf("pubsub-gap", "published messages are lost", ({ faultHooks }) => {
    const entry = (): boolean => true;
    faultHooks.push.add(entry);
    return () => void faultHooks.push.delete(entry);
  });
}

export const redisKinds: readonly FaultKind[] = [
  {
    kind: "redis-flush",
    scope: "redis",
    summary: "Redis loses all keys",
    parameters: {},
    sample: () => redisFlush(),
  },
  {
    kind: "redis-failover",
    scope: "redis",
    summary: "a replica of Redis that misses the last writes takes over",
    parameters: { loseLastWritesMs: "virtual milliseconds of writes that are lost" },
    sample: (choose) => redisFailover(choose("ms", [0, 100, replicaLagMsMax])),
  },
  {
    kind: "pubsub-gap",
    scope: "redis",
    summary: "published messages are lost",
    parameters: {},
    sample: () => pubsubGap(),
  },
];
