/** PromQL: parsing, checking and evaluating queries. */
export type { Expr } from "./ast.js";
export { unwrapParens } from "./ast.js";
export { PromqlExecutionError } from "./context.js";
export type { Dialect } from "./dialect.js";
export { expandTemplate } from "./functions-label.js";
export { formatDuration, parseDuration } from "./duration.js";
export { createEngine, type Engine, type EngineOptions, type QuerySource } from "./engine.js";
export { formatFixed, formatGeneral, formatSample, parseGoFloat } from "./number.js";
export { PromqlParseError } from "./parse-error.js";
export { prettyExpr, printExpr } from "./print.js";
export { unquote } from "./string-literal.js";
export type { MatrixSeries, QueryResult, VectorSample } from "./result.js";
