/** The OpenTelemetry transformation language, as far as pipelines need it. */
export { type RegexCompiler, type Statement } from "./parser.js";
export { createOttlCompiler, type OttlCompiler } from "./compiler.js";
export { type Expression, type OttlScope, type OttlValue } from "./expression.js";
export { OttlError } from "./tokens.js";
