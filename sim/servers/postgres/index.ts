/** A simulated PostgreSQL: sessions, transactions, locks and SQL, under the world's clock. */

export { DatabaseError, type DatabaseErrorFields } from "./database-error.js";
export {
  createPostgresServer,
  createTemplate,
  type ConnectOptions,
  type PostgresOptions,
  type PostgresParts,
  type PostgresServer,
  type PostgresTemplate,
  type PgNotification,
  type PgSession,
  type PgSessionEvents,
  type MemorySocket,
  type HeldLock,
  type Inspector,
  type OpenTransaction,
  type RowChange,
  type RowImage,
  type WaitingSession,
} from "./server.js";
export type { FieldInfo, PgResult } from "./session/results.js";
export type { Notice, SessionMessage } from "./session/session-state.js";
export { createPostgresWatch } from "./wire/answer-watch.js";
export type { WireConnection, WireEnd } from "./wire/connection.js";
export type { ServerClock } from "./session/engine.js";
export { createPool, type Pool, type PooledSession, type PoolOptions } from "./pool.js";
