/** PromQL: parsing, checking and evaluating queries. */

export { type Expr } from "./ast.js";
export { PromqlExecutionError, type Dialect } from "./context.js";
export { formatDuration, parseDuration } from "./duration.js";
export {
  createEngine,
  type Engine,
  type QuerySource,
  type QueryResult,
  type VectorSample,
} from "./engine.js";
export { formatFixed, formatGeneral, formatSample, parseGoFloat } from "./float-math.js";
export { PromqlParseError } from "./parse-error.js";
export { prettyExpr, printExpr } from "./print.js";
export { unquote } from "./selector.js";
