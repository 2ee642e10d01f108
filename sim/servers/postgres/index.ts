/** A simulated PostgreSQL: sessions, transactions, locks and SQL, under the world's clock. */

export { DatabaseError } from "./database-error.js";
export { fillPostgresMock, isPostgresMock, statementsOfMock, type PostgresMock } from "./mock.js";
export {
  createPostgresServer,
  createTemplate,
  type ArrivingStatement,
  type PostgresServer,
  type PostgresTemplate,
  type PgSession,
  type RowChange,
} from "./server.js";
export type { PgResult } from "./session/results.js";
export { createPostgresWatch } from "./wire/answer-watch.js";
export { createStatementNamer } from "./wire/statement-names.js";
export type { ServerClock } from "./session/engine.js";
export { createPool, type PooledSession, type PoolOptions } from "./pool.js";
