/** The parts of a request's URL, as it came: it need not be a valid one. */

/** @returns The path, not decoded, without query and fragment. */
export function pathOf(url: string): string {
  const authority = url.indexOf("://");
  const start = url.startsWith("/") ? 0 : url.indexOf("/", authority < 0 ? 0 : authority + 3);
  return start < 0 ? "/" : url.slice(start).replace(/[?#][^]*$/, "");
}

/** @returns The parameters behind the question mark. */
export function queryOf(url: string): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : url.slice(start + 1).replace(/#[^]*$/, ""));
}
