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
