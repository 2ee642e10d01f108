/** The config generator: templates in, collector YAML out. */

export { createGenerator, type Generator, type GeneratorOptions, type GeneratorParts } from "./generator.js";
export {
  createRenderer,
  type GeneratedConfig,
  type Renderer,
  parseGenerateRequest,
  type FieldProblem,
  type GenerateRequest,
} from "./generate.js";
export { processorOverride, type ProcessorOverride } from "./overrides.js";
export { templates, type Template } from "./templates.js";
export { validateConfiguration, type Validation } from "./validate.js";
