/**
 * Snapshots of the simulated Redis in the project's own `ioredis-mock`: `import { snapshotOf } from "phoenix-sim/ioredis-mock"`.
 *
 * The other way needs no import: `createPhoenix({ redis: { fixtures: mock } })` takes the keys of a mock.
 */
import type RedisMock from "ioredis-mock";

import { loadPeer } from "../shared/load-package.js";
import type { RedisMockData } from "../servers/redis/index.js";
import { useRedisMock, type PhoenixRedis } from "../world/index.js";

let made = 0;

// Mocks of one host share their keys, so each snapshot has a host of its own.
useRedisMock(() => {
  made += 1;
  const loaded = loadPeer("ioredis-mock") as typeof RedisMock & { readonly default?: typeof RedisMock };
  const Mock = loaded.default ?? loaded;
  return new Mock({ host: `snapshot-${made}`, lazyConnect: true }) as unknown as RedisMockData;
});

/**
 * The keys of this instant as a mock, for assertions that move no time.
 *
 * @param redis - `phoenix.redis`.
 * @param database - Number of the database. @default 0
 * @throws SimError `SIM_MOCK_VALUE` naming a key that the mock cannot hold.
 */
export function snapshotOf(redis: PhoenixRedis, database = 0): InstanceType<typeof RedisMock> {
  return redis.snapshot(database) as InstanceType<typeof RedisMock>;
}
