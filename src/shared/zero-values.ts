/** Fields that nobody set, as Go's `encoding/json` writes them. */

/** @returns Whether a JSON value stands for a field that was not set: null, an empty text or 0. */
export function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === "" || value === 0;
}
