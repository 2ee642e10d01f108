/** Settings of the platform's services in a world, and pieces of them that a test may exchange one by one. */
import type { ControllerOptions, ControllerParts } from "../../src/controller/index.js";
import type { GatewayOptions, GatewayParts } from "../../src/gateway/index.js";
import type { GeneratorOptions } from "../../src/generator/index.js";

export interface PlatformOptions {
  readonly gateway?: { readonly options?: GatewayOptions; readonly parts?: Partial<GatewayParts> };
  readonly controller?: { readonly options?: ControllerOptions; readonly parts?: Partial<ControllerParts> };
  readonly generator?: { readonly options?: GeneratorOptions };
}
