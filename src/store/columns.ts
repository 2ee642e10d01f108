/** Turning values of rows into values of the platform and back. */

/** What a driver may give for a `timestamptz`. */
export type TimeColumn = Date | string | number;

/** @returns Epoch milliseconds of a time column. */
export function toMs(value: TimeColumn): number {
  return value instanceof Date ? value.getTime() : new Date(value).getTime();
}

/** @returns Epoch milliseconds of a time column that may be null. */
export function toMsOrNull(value: TimeColumn | null | undefined): number | null {
  return value === null || value === undefined ? null : toMs(value);
}

/** @returns The text of a time parameter. */
export function fromMs(ms: number): string;
export function fromMs(ms: number | null): string | null;
export function fromMs(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** @returns A `jsonb` column as a value, whether or not the driver has parsed it. */
export function fromJson(value: unknown): unknown {
  return typeof value === "string" ? JSON.parse(value) : value;
}
