/** Telling JSON objects from everything else. */

/** @returns Whether a JSON value is an object: not null, not an array. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
