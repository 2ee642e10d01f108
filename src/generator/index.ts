/** The config generator: templates in, collector YAML out. */

export { createGenerator, type GeneratorOptions } from "./generator.js";
export { createRenderer, type Renderer, parseGenerateRequest } from "./generate.js";
export { templates } from "./templates.js";
export { validateConfiguration } from "./validate.js";
