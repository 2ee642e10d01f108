/**
 * Snapshots of the simulated PostgreSQL in the project's own `pg-mem`: `import { snapshotOf } from "phoenix-sim/pg-mem"`.
 *
 * The other way needs no import: `createPhoenix({ postgres: { fixtures: db } })` takes the tables of a mock.
 */
import type * as PgMem from "pg-mem";

import { loadPeer } from "../shared/load-package.js";
import { usePostgresMock, type PhoenixPostgres } from "../world/index.js";

usePostgresMock(() => (loadPeer("pg-mem") as typeof PgMem).newDb({ noAstCoverageCheck: true }));

/**
 * What is committed at this instant as a pg-mem database, for assertions that move no time: tables of the schema
 * `public` with their keys and rows.
 *
 * @param postgres - `phoenix.postgres`.
 * @throws SimError `SIM_MOCK_VALUE` naming a column that the mock cannot hold.
 */
export function snapshotOf(postgres: PhoenixPostgres): PgMem.IMemoryDb {
  return postgres.snapshot() as PgMem.IMemoryDb;
}
