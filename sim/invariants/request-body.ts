/** What a request asks for, whatever its body looks like: written out once more, so that a mistake of the platform shows. */

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @returns The body as JSON; undefined when it is none. */
export function parseBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** @returns The name that a change of an experiment asks for, as it is stored; undefined when it asks for none. */
export function requestedName(body: string): string | undefined {
  const outer = parseBody(body);
  if (!isObject(outer)) return undefined;
  const inner = [outer["spec"], outer["experiment"]].find(isObject);
  const name = { ...outer, ...inner }["name"];
  return typeof name === "string" && name.trim() !== "" ? name.trim() : undefined;
}

/** @returns The same text for bodies that say the same: neither the order of fields nor white space makes another. */
export function canonicalBody(body: string): string {
  const value = parseBody(body);
  if (value === undefined) return body;
  return JSON.stringify(value, (_key, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
