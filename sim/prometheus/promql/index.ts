/** PromQL: parsing, checking and evaluating queries. */
export type { Expr } from "./ast.js";
export { PromqlExecutionError } from "./context.js";
export type { Dialect } from "./dialect.js";
export { formatDuration, parseDuration } from "./duration.js";
export { createEngine, type Engine, type EngineOptions, type QuerySource } from "./engine.js";
export { formatFixed, formatGeneral, formatSample, parseGoFloat } from "./number.js";
export { PromqlParseError } from "./parse-error.js";
export type { MatrixSeries, QueryResult, VectorSample } from "./result.js";
