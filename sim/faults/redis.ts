/** Redis that forgets. */
import { replicaLagMsMax } from "../services/index.js";
import { type Fault, type FaultKind, faultOf } from "./fault.js";

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
  return faultOf("pubsub-gap", "published messages are lost", ({ interference }) => {
    const entry = (): boolean => true;
    interference.push.add(entry);
    return () => void interference.push.delete(entry);
  });
}

export const redisKinds: readonly FaultKind[] = [
  {
    kind: "redis-flush",
    scope: "redis",
    summary: "Redis loses all keys",
    parameters: {},
    draw: () => redisFlush(),
  },
  {
    kind: "redis-failover",
    scope: "redis",
    summary: "a replica of Redis that misses the last writes takes over",
    parameters: { loseLastWritesMs: "virtual milliseconds of writes that are lost" },
    draw: (pick) => redisFailover(pick("ms", [0, 100, replicaLagMsMax])),
  },
  {
    kind: "pubsub-gap",
    scope: "redis",
    summary: "published messages are lost",
    parameters: {},
    draw: () => pubsubGap(),
  },
];
