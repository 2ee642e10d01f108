/** One world with a whole platform in it. */
export { ConvergenceError } from "./monitor.js";
export { createPhoenix } from "./create-phoenix.js";
export type * from "./api.js";
export { resolvePhoenixOptions } from "./options.js";
export type { Capacities, PhoenixOptions, PostgresOptions, RedisOptions, Replicas } from "./options.js";
export { catchUnhandled, saysWorldClosed, watchFailure } from "./unhandled.js";
export type { Unhandled } from "./unhandled.js";
export { usePostgresMock, useRedisMock } from "./edges/index.js";
export { handlersOf } from "./third-parties.js";
