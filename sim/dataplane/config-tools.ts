/** What reads configurations. Has no state of any node or world: one may serve all of a process. */
import { type ConfigReader, createConfigReader } from "./config-reader.js";
import { type OttlCompiler, createOttlCompiler } from "./ottl/index.js";
import { createRegexCompiler } from "./regex.js";

export interface ConfigTools {
  readonly read: ConfigReader;
  readonly ottl: OttlCompiler;
}

/** @param rememberedMax - Decoded texts kept. @default 64 */
export function createConfigTools(rememberedMax?: number): ConfigTools {
  return { read: createConfigReader(rememberedMax), ottl: createOttlCompiler(createRegexCompiler()) };
}
