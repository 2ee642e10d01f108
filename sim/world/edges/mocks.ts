/** The mocks of the project's own that were imported: what snapshots are made with. */
import { SimError } from "../../errors.js";
import type { PostgresMock } from "../../servers/postgres/index.js";
import type { RedisMockData } from "../../servers/redis/index.js";

const imported: { redis?: () => RedisMockData; postgres?: () => PostgresMock } = {};

/** Called by `phoenix-sim/ioredis-mock`. @param create - Makes a mock that shares its keys with no other. */
export function useRedisMock(create: () => RedisMockData): void {
  imported.redis = create;
}

/** Called by `phoenix-sim/pg-mem`. @param create - Makes an empty database. */
export function usePostgresMock(create: () => PostgresMock): void {
  imported.postgres = create;
}

/** @throws SimError `SIM_MOCK_MISSING` */
export function createPostgresMock(): PostgresMock {
  const { postgres } = imported;
  if (postgres !== undefined) return postgres();
  throw new SimError(
    "SIM_MOCK_MISSING",
    "Cannot make a snapshot of PostgreSQL: no pg-mem was imported.",
    'Install pg-mem, and write `import "phoenix-sim/pg-mem"` in the test.',
  );
}

/** @throws SimError `SIM_MOCK_MISSING` */
export function createRedisMock(): RedisMockData {
  const { redis } = imported;
  if (redis !== undefined) return redis();
  throw new SimError(
    "SIM_MOCK_MISSING",
    "Cannot make a snapshot of Redis: no ioredis-mock was imported.",
    'Install ioredis-mock, and write `import "phoenix-sim/ioredis-mock"` in the test.',
  );
}

/** The clock that mocks go by: the process's own, which is the world's while a world has the globals. */
export const mockNow = (): number => Date.now();
