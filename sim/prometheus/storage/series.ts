/**
 * One series: a label set and its samples in time order, in typed arrays.
 *
 * Staleness is a mark beside the value, because the NaN that marks it in Prometheus loses its payload in
 * JavaScript.
 */
import type { Labels } from "../labels/index.js";

/** What became of an appended sample. */
export type AppendResult = "added" | "same" | "duplicate" | "out-of-order";

const FIRST_CAPACITY = 16;

/** Samples live at indexes 0 to `count - 1`. Read the arrays, never write them. */
export class Series {
  readonly labels: Labels;
  /** Milliseconds since the epoch, strictly rising. */
  timestamps: Float64Array;
  values: Float64Array;
  /** 1 where a sample is a staleness mark; undefined while there is none. */
  stale: Uint8Array | undefined;
  count = 0;

  constructor(labels: Labels) {
    this.labels = labels;
    [this.timestamps, this.values] = room(FIRST_CAPACITY);
  }

  /** Adds a sample. What is older than the newest one, or differs at the same time, is refused. */
  append(timeMs: number, value: number, stale: boolean, retentionMs: number): AppendResult {
    const last = this.count - 1;
    if (last >= 0) {
      const newest = this.timestamps[last] as number;
      if (timeMs < newest) return "out-of-order";
      if (timeMs === newest) {
        const same = Object.is(this.values[last], value) && (this.stale?.[last] === 1) === stale;
        return same ? "same" : "duplicate";
      }
    }
    if (this.count === this.timestamps.length) this.#makeRoom(timeMs - retentionMs);
    this.timestamps[this.count] = timeMs;
    this.values[this.count] = value;
    if (stale) this.stale ??= new Uint8Array(this.timestamps.length);
    if (this.stale !== undefined) this.stale[this.count] = stale ? 1 : 0;
    this.count += 1;
    return "added";
  }

  /** Index of the first sample after `timeMs`; `count` when there is none. */
  firstAfter(timeMs: number): number {
    let low = 0;
    let high = this.count;
    // Rules and dashboards ask for now: the newest sample is the usual answer.
    if (high === 0 || (this.timestamps[high - 1] as number) <= timeMs) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.timestamps[middle] as number) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // Retention works here, when room is needed, and not on every append.
  #makeRoom(keepFromMs: number): void {
    const dropped = Math.min(this.firstAfter(keepFromMs - 1), this.count);
    const kept = this.count - dropped;
    const capacity = Math.max(FIRST_CAPACITY, Math.ceil(kept * 1.5));
    const [timestamps, values] = room(capacity);
    timestamps.set(this.timestamps.subarray(dropped, this.count));
    values.set(this.values.subarray(dropped, this.count));
    if (this.stale !== undefined) {
      const stale = new Uint8Array(capacity);
      stale.set(this.stale.subarray(dropped, this.count));
      this.stale = stale;
    }
    this.timestamps = timestamps;
    this.values = values;
    this.count = kept;
  }
}

// One buffer for both: there are hundreds of thousands of series, and each buffer costs as much as it holds at first.
function room(capacity: number): [timestamps: Float64Array, values: Float64Array] {
  const buffer = new ArrayBuffer(2 * capacity * Float64Array.BYTES_PER_ELEMENT);
  return [
    new Float64Array(buffer, 0, capacity),
    new Float64Array(buffer, capacity * Float64Array.BYTES_PER_ELEMENT, capacity),
  ];
}
