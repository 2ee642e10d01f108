/** The OpenTelemetry transformation language, as far as pipelines need it. */
export { parseCondition, parseStatement, type RegexCompiler, type Statement } from "./parser.js";
export { type Expression, type OttlScope, type OttlValue } from "./expression.js";
export { OttlError } from "./tokens.js";
