/** A simulated PostgreSQL: sessions, transactions, locks and SQL, under the world's clock. */
export { DatabaseError, type DatabaseErrorFields } from "./database-error.js";
export {
  createPostgresServer,
  createTemplate,
  type ConnectOptions,
  type PostgresOptions,
  type PostgresParts,
  type PostgresServer,
} from "./server.js";
export type { PostgresTemplate } from "./template.js";
export type { PgNotification, PgSession, PgSessionEvents } from "./session/pg-session.js";
export type { FieldInfo, PgResult } from "./session/result.js";
export type { Notice } from "./session/session-state.js";
export type { SessionMessage } from "./session/session-types.js";
export { createPostgresWatch } from "./wire/answer-watch.js";
export type { WireConnection, WireEnd } from "./wire/host.js";
export type { MemorySocket } from "./wire/stream.js";
export type { ServerClock } from "./session/engine.js";
export type { HeldLock, Inspector, OpenTransaction, RowChange, RowImage, WaitingSession } from "./inspect.js";
export { createPool, type Pool, type PooledSession, type PoolOptions } from "./pool.js";
