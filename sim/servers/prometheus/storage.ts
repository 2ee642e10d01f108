/**
 * The series store: the disk of a Prometheus. It outlives the process that writes it.
 *
 * Queries are answered in label order, so that two runs give the same answer.
 */
import { METRIC_NAME, compareLabels, compareText, type Labels, type Matcher } from "./labels.js";
import {
  Series,
  createLabelIndex,
  createSampleRooms,
  type AppendResult,
  type LabelIndex,
} from "./storage/label-index.js";
import { createLabelKeys } from "./storage/label-keys.js";

export { Series } from "./storage/label-index.js";

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
  const rooms = createSampleRooms();
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
      return byKey.get(key) ?? insert(new Series(labels, rooms), key);
    },
    append(series, timeMs, value, stale = false) {
      const result = series.append(timeMs, value, stale, retentionMs, rooms);
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
