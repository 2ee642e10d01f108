/**
 * One series: a label set and its samples in time order.
 *
 * Staleness is a mark beside the value, because the NaN that marks it in Prometheus loses its payload in
 * JavaScript.
 */
import type { Labels } from "../labels/index.js";
import type { SampleRooms, Slab } from "./sample-room.js";

/** What became of an appended sample. */
export type AppendResult = "added" | "same" | "duplicate" | "out-of-order";

/** Samples have the numbers 0 to `count - 1`; sample i is at index `offset + i` of the arrays of `slab`. */
export class Series {
  readonly labels: Labels;
  /** Shared with other series. Read, never write. */
  slab: Slab;
  offset: number;
  /** 1 where a sample is a staleness mark, by number; undefined while there is none. */
  stale: Uint8Array | undefined;
  count = 0;
  #capacity: number;

  constructor(labels: Labels, rooms: SampleRooms) {
    this.labels = labels;
    const { slab, offset, capacity } = rooms.take(0);
    this.slab = slab;
    this.offset = offset;
    this.stale = undefined;
    this.#capacity = capacity;
  }

  /** Adds a sample. What is older than the newest one, or differs at the same time, is refused. */
  append(
    timeMs: number,
    value: number,
    stale: boolean,
    retentionMs: number,
    rooms: SampleRooms,
  ): AppendResult {
    const last = this.count - 1;
    if (last >= 0) {
      const newest = this.timeAt(last);
      if (timeMs < newest) return "out-of-order";
      if (timeMs === newest) {
        const same = Object.is(this.valueAt(last), value) && this.isStale(last) === stale;
        return same ? "same" : "duplicate";
      }
    }
    if (this.count === this.#capacity) this.#makeRoom(timeMs - retentionMs, rooms);
    const at = this.offset + this.count;
    this.slab.timestamps[at] = timeMs;
    this.slab.values[at] = value;
    if (stale) this.stale ??= new Uint8Array(this.#capacity);
    if (this.stale !== undefined) this.stale[this.count] = stale ? 1 : 0;
    this.count += 1;
    return "added";
  }

  /** Milliseconds since the epoch, strictly rising with the number. */
  timeAt(number: number): number {
    return this.slab.timestamps[this.offset + number] as number;
  }

  valueAt(number: number): number {
    return this.slab.values[this.offset + number] as number;
  }

  isStale(number: number): boolean {
    return this.stale !== undefined && this.stale[number] === 1;
  }

  /** Number of the first sample after `timeMs`; `count` when there is none. */
  firstAfter(timeMs: number): number {
    let low = 0;
    let high = this.count;
    // Rules and dashboards ask for now: the newest sample is the usual answer.
    if (high === 0 || this.timeAt(high - 1) <= timeMs) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timeAt(middle) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // Retention works here, when room is needed, and not on every append.
  #makeRoom(keepFromMs: number, rooms: SampleRooms): void {
    const dropped = this.firstAfter(keepFromMs - 1);
    const kept = this.count - dropped;
    const [from, to] = [this.offset + dropped, this.offset + this.count];
    const { slab, offset, capacity } = rooms.take(kept + 1);
    const left = { slab: this.slab, offset: this.offset, capacity: this.#capacity };
    slab.timestamps.set(left.slab.timestamps.subarray(from, to), offset);
    slab.values.set(left.slab.values.subarray(from, to), offset);
    if (this.stale !== undefined) {
      const stale = new Uint8Array(capacity);
      stale.set(this.stale.subarray(dropped, this.count));
      this.stale = stale;
    }
    rooms.free(left);
    this.slab = slab;
    this.offset = offset;
    this.#capacity = capacity;
    this.count = kept;
  }
}
