/**
 * The series store: the disk of a Prometheus. It outlives the process that writes it.
 *
 * Queries are answered in label order, so that two runs give the same answer.
 */
import { METRIC_NAME, compareLabels, compareText, type Labels, type Matcher } from "./labels.js";

// Series by the value of a label. A label enters the index when it is first asked for: most never are.

interface LabelIndex {
  /** Takes in a series that was not there before. */
  add(series: Series): void;
  /** @returns The series that a matcher allows, in the order they came; undefined when only a scan can tell. */
  find(matcher: Matcher): readonly Series[] | undefined;
  clear(): void;
}

/** @param all - Every series there is, in the order they came. */
function createLabelIndex(all: () => Iterable<Series>): LabelIndex {
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

  constructor(labels: Labels, chunkPool: ChunkPool) {
    this.labels = labels;
    const { slab, offset, capacity } = chunkPool.take(0);
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
    chunkPool: ChunkPool,
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
    if (this.count === this.#capacity) this.#growChunk(timeMs - retentionMs, chunkPool);
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
  #growChunk(keepFromMs: number, chunkPool: ChunkPool): void {
    const dropped = this.firstAfter(keepFromMs - 1);
    const kept = this.count - dropped;
    const [from, to] = [this.offset + dropped, this.offset + this.count];
    const { slab, offset, capacity } = chunkPool.take(kept + 1);
    const left = { slab: this.slab, offset: this.offset, capacity: this.#capacity };
    slab.timestamps.set(left.slab.timestamps.subarray(from, to), offset);
    slab.values.set(left.slab.values.subarray(from, to), offset);
    if (this.stale !== undefined) {
      const stale = new Uint8Array(capacity);
      stale.set(this.stale.subarray(dropped, this.count));
      this.stale = stale;
    }
    chunkPool.free(left);
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
interface Chunk {
  readonly slab: Slab;
  /** Index of its first sample. */
  readonly offset: number;
  readonly capacity: number;
}

export interface ChunkPool {
  /** @returns Room for at least so many samples; what it holds is left over from others. */
  take(samples: number): Chunk;
  /** Gives room back, for others. */
  free(chunk: Chunk): void;
}

const CAPACITY_FIRST = 16;
const SLAB_FIRST = 1 << 12;
const SLAB_MOST = 1 << 16;

/** @returns Rooms without any slab yet; small worlds get small ones. */
function createChunkPool(): ChunkPool {
  const freed = new Map<number, Chunk[]>();
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
      const chunk = { slab, offset: used, capacity };
      used += capacity;
      return chunk;
    },
    free(chunk) {
      const others = freed.get(chunk.capacity);
      if (others === undefined) freed.set(chunk.capacity, [chunk]);
      else others.push(chunk);
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

// Short keys for label sets: a number for each different text, a few code units for each number. The texts of a
// set, joined, would take five times the memory, once for each series.

interface LabelKeys {
  /** @returns Equal texts for equal sets, and only for those. */
  keyOf(labels: Labels): string;
}

const moreFollows = 0x80_00;
const bitsPerUnit = 15;

/** @returns Keys that agree with each other, not with those of another call. */
function createLabelKeys(): LabelKeys {
  const numbers = new Map<string, number>();
  const units: number[] = [];

  function write(text: string): void {
    let number = numbers.get(text);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(text, number);
    }
    for (; number >= moreFollows; number >>>= bitsPerUnit) {
      units.push((number & (moreFollows - 1)) | moreFollows);
    }
    units.push(number);
  }

  return {
    keyOf({ pairs }) {
      units.length = 0;
      pairs.forEach(write);
      return String.fromCharCode(...units);
    },
  };
}

export interface StorageOptions {
  /** Samples older than this may vanish, counted from the newest of their series. @default 15 days */
  readonly retentionMs?: number;
}

/** Where series live. */
export interface Storage {
  /** The series with exactly these labels, made when there is none yet. */
  series(labels: Labels): Series;
  /** Appends one sample; never throws. */
  append(series: Series, timeMs: number, value: number, stale?: boolean): AppendResult;
  /** All series that satisfy every matcher, sorted by labels. The array is shared: do not change it. */
  select(matchers: readonly Matcher[]): readonly Series[];
  /** How many series there are. */
  readonly seriesCount: number;
  /** Samples ever appended. */
  readonly samplesAppended: number;
  /** Drops every series whose newest sample is older than `beforeMs`. */
  prune(beforeMs: number): void;
}

/** What a query selected, and what has come since that it would select too. */
interface Selection {
  readonly matchers: readonly Matcher[];
  /** Sorted by labels; never changed, since callers hold it. */
  series: readonly Series[];
  readonly arrived: Series[];
}

const FIFTEEN_DAYS_MS = 15 * 86_400_000;
const SELECTIONS_MAX = 500;

/** @returns An empty store. */
export function createStorage({ retentionMs = FIFTEEN_DAYS_MS }: StorageOptions = {}): Storage {
  const { keyOf } = createLabelKeys();
  const byKey = new Map<string, Series>();
  const index = createLabelIndex(() => byKey.values());
  const selections = new Map<string, Selection>();
  const chunkPool = createChunkPool();
  let samplesAppended = 0;

  function insert(series: Series, key: string): Series {
    byKey.set(key, series);
    index.add(series);
    // Rules select the same series over and over while processes come: searching anew each time is the larger part
    // of what they cost.
    for (const { matchers, arrived } of selections.values()) {
      if (satisfies(series, matchers)) arrived.push(series);
    }
    return series;
  }

  return {
    series(labels) {
      const key = keyOf(labels);
      return byKey.get(key) ?? insert(new Series(labels, chunkPool), key);
    },
    append(series, timeMs, value, stale = false) {
      const result = series.append(timeMs, value, stale, retentionMs, chunkPool);
      if (result === "added") samplesAppended += 1;
      return result;
    },
    select(matchers) {
      const key = matchers.map(({ name, operator, value }) => JSON.stringify([name, operator, value])).join();
      const known = selections.get(key);
      if (known !== undefined) return upToDate(known);
      const series = search(byKey, index, matchers);
      if (selections.size >= SELECTIONS_MAX) selections.clear();
      selections.set(key, { matchers, series, arrived: [] });
      return series;
    },
    get seriesCount() {
      return byKey.size;
    },
    get samplesAppended() {
      return samplesAppended;
    },
    prune(beforeMs) {
      const kept = [...byKey].filter(
        ([, series]) => series.count > 0 && series.timeAt(series.count - 1) >= beforeMs,
      );
      if (kept.length === byKey.size) return;
      byKey.clear();
      index.clear();
      selections.clear();
      for (const [key, series] of kept) insert(series, key);
    },
  };
}

function search(
  byKey: ReadonlyMap<string, Series>,
  index: LabelIndex,
  matchers: readonly Matcher[],
): readonly Series[] {
  let candidates: readonly Series[] | undefined;
  for (const matcher of matchers) {
    const list = index.find(matcher);
    if (list !== undefined && (candidates === undefined || list.length < candidates.length))
      candidates = list;
  }
  const found: Series[] = [];
  for (const series of candidates ?? byKey.values()) {
    if (satisfies(series, matchers)) found.push(series);
  }
  return found.sort(byLabels);
}

function satisfies(series: Series, matchers: readonly Matcher[]): boolean {
  return matchers.every((matcher) => matcher.matches(series.labels.get(matcher.name)));
}

function byLabels(left: Series, right: Series): number {
  return compareLabels(left.labels, right.labels);
}

function upToDate(selection: Selection): readonly Series[] {
  const { arrived } = selection;
  if (arrived.length > 0) {
    selection.series = merged(selection.series, arrived.sort(byLabels));
    arrived.length = 0;
  }
  return selection.series;
}

// Few come to many: the place of each is looked up, and what lies between is only copied.
function merged(left: readonly Series[], right: readonly Series[]): readonly Series[] {
  const all = Array<Series>(left.length + right.length);
  let taken = 0;
  right.forEach((series, index) => {
    const place = firstAfter(left, series, taken);
    for (; taken < place; taken += 1) all[index + taken] = left[taken] as Series;
    all[index + taken] = series;
  });
  for (; taken < left.length; taken += 1) all[right.length + taken] = left[taken] as Series;
  return all;
}

function firstAfter(sorted: readonly Series[], series: Series, from: number): number {
  let low = from;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (byLabels(sorted[middle] as Series, series) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Label names that occur in the series given, sorted. */
export function labelNamesOf(series: Iterable<Series>): string[] {
  const names = new Set<string>();
  for (const { labels } of series) {
    for (const [name] of labels.entries()) names.add(name);
  }
  return [...names].sort(compareText);
}

/** Values of one label in the series given, sorted. */
export function labelValuesOf(series: Iterable<Series>, name: string = METRIC_NAME): string[] {
  const values = new Set<string>();
  for (const { labels } of series) {
    const value = labels.get(name);
    if (value !== "") values.add(value);
  }
  return [...values].sort(compareText);
}
