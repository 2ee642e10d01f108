/** The config generator: templates in, collector YAML out; and what a collector's configuration may hold. */

export { createGenerator, type GeneratorOptions } from "./generator.js";
export { createRenderer, type Renderer, parseGenerateRequest } from "./generate.js";
export { templates } from "./templates.js";
export { checkCollectorConfig, durationMs, readStatementGroup, validateConfiguration } from "./validate.js";
export { processAttributes, processMetrics, typeOf, type ProcessMetric } from "./components.js";
export {
  OttlError,
  parseCondition,
  parseStatement,
  type OttlArgument,
  type OttlContext,
  type OttlExpression,
  type OttlStatement,
} from "./ottl.js";
