/** Values inside the engine: what a column of a row image holds. */
import type { Interval } from "./temporal.js";
import type { Numeric } from "./numeric.js";

/** A thing of the catalog, as `regclass` and its kin name it. */
export interface Registered {
  readonly oid: number;
  readonly text: string;
}

/**
 * How each type is held: int2, int4, float4, float8 and date (days) as number; int8 as bigint; timestamps as
 * microseconds since 1970 in a number; text, uuid, enums, json and canonical jsonb as string.
 */
export type Value =
  null | boolean | number | bigint | string | Numeric | Interval | Registered | Uint8Array | readonly Value[];

/** One row image, a value for each column. */
export type Row = readonly Value[];
