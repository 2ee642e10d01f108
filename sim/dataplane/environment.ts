/** Environment references in a collector configuration: `${env:NAME}`, `${NAME}`, each with `:-default`. */
import { ConfigProblem } from "./processors/index.js";

export type Environment = Readonly<Record<string, string>>;

const reference = /\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

// YAML lets a value hold itself; a configuration that is deeper than this is such a circle or a mistake.
const depthMax = 64;

/**
 * Expands references in every text of a decoded configuration. As in the real collector, a variable that is not set
 * and has no default becomes an empty text.
 *
 * @throws ConfigProblem when the configuration is nested too deep.
 */
export function expandEnvironment(value: unknown, environment: Environment): unknown {
  const expand = (value: unknown, depth: number): unknown => {
    if (typeof value === "string") return expandText(value, environment);
    if (typeof value !== "object" || value === null) return value;
    if (depth > depthMax) throw new ConfigProblem(`configuration is nested deeper than ${depthMax} levels`);
    if (Array.isArray(value)) return value.map((item) => expand(item, depth + 1));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item, depth + 1)]));
  };
  return expand(value, 0);
}

function expandText(text: string, environment: Environment): string {
  if (!text.includes("${")) return text;
  return text.replace(reference, (_, name: string, fallback: string | undefined) =>
    Object.hasOwn(environment, name) ? (environment[name] ?? "") : (fallback ?? ""),
  );
}
