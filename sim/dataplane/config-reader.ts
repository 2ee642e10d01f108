/** Decodes configuration texts. Texts that differ only in the experiment's id are decoded once. */
import { parse } from "yaml";
import { expandEnvironment, type Environment } from "./environment.js";
import { ConfigProblem } from "./processors/index.js";

/**
 * Decodes a YAML text and expands its environment references.
 *
 * @throws ConfigProblem when the text is not YAML.
 */
export type ConfigReader = (text: string, environment: Environment) => unknown;

const textLengthMax = 1_000_000;
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @param rememberedMax - Decoded texts kept; the oldest goes first. */
export function createConfigReader(rememberedMax = 64): ConfigReader {
  const decoded = new Map<string, unknown>();
  return (text, environment) => {
    if (text.length > textLengthMax) {
      throw new ConfigProblem(
        `configuration has ${text.length} characters, at most ${textLengthMax} are read`,
      );
    }
    const id = environment["PHOENIX_EXPERIMENT_ID"] ?? "";
    // The reverse of what expansion does, so that the result is the same with and without it.
    const general = uuidPattern.test(id) ? text.replaceAll(id, "${env:PHOENIX_EXPERIMENT_ID}") : text;
    if (!decoded.has(general)) {
      decoded.set(general, decode(general));
      const [oldest] = decoded.keys();
      if (decoded.size > rememberedMax && oldest !== undefined) decoded.delete(oldest);
    }
    return expandEnvironment(decoded.get(general), environment);
  };
}

function decode(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new ConfigProblem(`not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}
