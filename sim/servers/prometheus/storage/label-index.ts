/** Series by the value of a label. A label enters the index when it is first asked for: most never are. */
import type { Labels, Matcher } from "../labels.js";

export interface LabelIndex {
  /** Takes in a series that was not there before. */
  add(series: Series): void;
  /** @returns The series that a matcher allows, in the order they came; undefined when only a scan can tell. */
  find(matcher: Matcher): readonly Series[] | undefined;
  clear(): void;
}

/** @param all - Every series there is, in the order they came. */
export function createLabelIndex(all: () => Iterable<Series>): LabelIndex {
  const byName = new Map<string, Map<string, Series[]>>();

  function seriesByValue(name: string): ReadonlyMap<string, readonly Series[]> {
    const known = byName.get(name);
    if (known !== undefined) return known;
    const byValue = new Map<string, Series[]>();
    for (const series of all()) enter(series, name, byValue);
    byName.set(name, byValue);
    return byValue;
  }

  return {
    add(series) {
      for (const [name, byValue] of byName) enter(series, name, byValue);
    },
    find({ name, operator, value, pattern }) {
      if (operator === "=" && value !== "") return seriesByValue(name).get(value) ?? [];
      const literals = operator === "=~" ? pattern?.literals : undefined;
      if (literals === undefined || literals.includes("")) return undefined;
      return [...new Set(literals)].flatMap((literal) => seriesByValue(name).get(literal) ?? []);
    },
    clear: () => byName.clear(),
  };
}

function enter(series: Series, name: string, byValue: Map<string, Series[]>): void {
  const value = series.labels.get(name);
  if (value === "") return;
  const known = byValue.get(value);
  if (known === undefined) byValue.set(value, [series]);
  else known.push(series);
}

// One series: a label set and its samples in time order.
//
// Staleness is a mark beside the value, because the NaN that marks it in Prometheus loses its payload in
// JavaScript.

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

// Room for the samples of many series in few large arrays. Typed arrays of their own would cost each series more
// than its samples do, and the garbage collector the most.

/** Times and values, at the same indexes; read through the offset of a series. */
export interface Slab {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** A piece of a slab that belongs to one series. */
interface Room {
  readonly slab: Slab;
  /** Index of its first sample. */
  readonly offset: number;
  readonly capacity: number;
}

export interface SampleRooms {
  /** @returns Room for at least so many samples; what it holds is left over from others. */
  take(samples: number): Room;
  /** Gives room back, for others. */
  free(room: Room): void;
}

const CAPACITY_FIRST = 16;
const SLAB_FIRST = 1 << 12;
const SLAB_MOST = 1 << 16;

/** @returns Rooms without any slab yet; small worlds get small ones. */
export function createSampleRooms(): SampleRooms {
  const freed = new Map<number, Room[]>();
  let slabSize = SLAB_FIRST / 2;
  let slab = newSlab(0);
  let used = 0;

  return {
    take(samples) {
      const capacity = capacityFor(samples);
      const again = freed.get(capacity)?.pop();
      if (again !== undefined) return again;
      if (used + capacity > slab.values.length) {
        slabSize = Math.min(2 * slabSize, SLAB_MOST);
        slab = newSlab(Math.max(slabSize, capacity));
        used = 0;
      }
      const room = { slab, offset: used, capacity };
      used += capacity;
      return room;
    },
    free(room) {
      const others = freed.get(room.capacity);
      if (others === undefined) freed.set(room.capacity, [room]);
      else others.push(room);
    },
  };
}

// Few different sizes, so that what one series leaves fits another.
function capacityFor(samples: number): number {
  let capacity = CAPACITY_FIRST;
  while (capacity < samples) capacity = 2 * Math.ceil(0.75 * capacity);
  return capacity;
}

function newSlab(size: number): Slab {
  const buffer = new ArrayBuffer(2 * size * Float64Array.BYTES_PER_ELEMENT);
  return {
    timestamps: new Float64Array(buffer, 0, size),
    values: new Float64Array(buffer, size * Float64Array.BYTES_PER_ELEMENT, size),
  };
}
