/**
 * Where a request goes, as a router reads it: nothing is normalized, so that two paths which the gateway tells apart
 * are never taken for one, and percent-encoding is undone once, so that one path in two spellings is one.
 */

export interface RequestTarget {
  /** Decoded, without the query. */
  readonly path: string;
  /** Empty, or from the question mark on. */
  readonly query: string;
}

/** @param url - As it arrived: absolute, or a path; it need not be a valid URL. */
export function readTarget(url: string): RequestTarget {
  const authority = url.indexOf("://");
  const start = url.startsWith("/") ? 0 : url.indexOf("/", authority < 0 ? 0 : authority + 3);
  const end = url.indexOf("#", Math.max(start, 0));
  const target = start < 0 ? "/" : url.slice(start, end < 0 ? undefined : end);
  const mark = target.indexOf("?");
  const query = mark < 0 ? "" : target.slice(mark);
  return { path: decodePath(mark < 0 ? target : target.slice(0, mark)), query: query === "?" ? "" : query };
}

const escapes = /(?:%[0-9a-f]{2})+/gi;

function decodePath(path: string): string {
  if (!path.includes("%")) return path;
  return path.replaceAll(escapes, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}

const experimentPath =
  /^\/(?:api\/)?v1\/experiments\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(\/[^/]*)?$/i;

/** A path of one experiment. */
export interface ExperimentPath {
  /** In lower case, as it is stored: clients may write it in any. */
  readonly id: string;
  /** What follows the id, such as `/stop`; empty for the experiment itself. */
  readonly rest: string;
}

/** @returns Undefined when the path is not one of an experiment. */
export function readExperimentPath(path: string): ExperimentPath | undefined {
  const [, id, rest = ""] = experimentPath.exec(path) ?? [];
  return id === undefined ? undefined : { id: id.toLowerCase(), rest };
}

// What a request asks for, whatever its body looks like: written out once more, so that a mistake of the platform shows.

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
