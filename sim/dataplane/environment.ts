/** Environment references in a collector configuration: `${env:NAME}`, `${NAME}`, each with `:-default`. */

export type Environment = Readonly<Record<string, string>>;

const reference = /\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Expands references in every text of a decoded configuration. As in the real collector, a variable that is not set
 * and has no default becomes an empty text.
 */
export function expandEnvironment(value: unknown, environment: Environment): unknown {
  if (typeof value === "string") {
    if (!value.includes("${")) return value;
    return value.replace(reference, (_, name: string, fallback: string | undefined) =>
      Object.hasOwn(environment, name) ? (environment[name] ?? "") : (fallback ?? ""),
    );
  }
  if (Array.isArray(value)) return value.map((item) => expandEnvironment(item, environment));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, expandEnvironment(item, environment)]),
    );
  }
  return value;
}
