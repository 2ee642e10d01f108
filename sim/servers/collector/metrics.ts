/**
 * What flows through a pipeline: resources with their metrics and data points, as the OpenTelemetry data model has them.
 *
 * Structure never changes once it is made, so that what a pipeline decides about it can be remembered; numbers stand in
 * cells, which are read when somebody looks. A processor that calculates gives cells that read other cells.
 */

export type AttributeValue = string | number | boolean;

/** Attributes by OpenTelemetry name. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** The number of one data point. */
export interface Cell {
  readonly value: number;
  /** What a counter stood at earlier, by the uptime of the node; 0 before it began. Only counters of processes know. */
  before?(uptimeMs: number): number;
  /** Of a gain: all that was gained since the collector began, without the rounding of adding gains up. */
  readonly sinceStart?: number;
}

export interface Point {
  readonly attributes: Attributes;
  readonly cell: Cell;
}

export interface Metric {
  /** OpenTelemetry name, as a configuration has it. */
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly type: "sum" | "gauge";
  /** Gauges are neither monotonic nor cumulative. */
  readonly monotonic: boolean;
  readonly temporality: "cumulative" | "delta" | "unspecified";
  readonly number: "int" | "double";
  readonly points: readonly Point[];
}

interface Scope {
  readonly name: string;
  readonly version: string;
}

/** One resource, such as a process, with its metrics. */
export interface ResourceMetrics {
  readonly attributes: Attributes;
  readonly scope: Scope;
  readonly metrics: readonly Metric[];
}

/** One pass of data through the pipelines of a collector: the moment, and where its counting began. */
export interface Pass {
  /** Counts up with each pass. */
  number: number;
  uptimeMs: number;
  /** Uptime at which the collector began to count, and again after its counters were reset. */
  startMs: number;
}

/** The same resource with other metrics; undefined when none are left. */
export function withMetrics(
  resource: ResourceMetrics,
  metrics: readonly Metric[],
): ResourceMetrics | undefined {
  if (metrics.length === 0) return undefined;
  const same =
    metrics.length === resource.metrics.length &&
    metrics.every((metric, index) => metric === resource.metrics[index]);
  return same ? resource : { ...resource, metrics };
}

/** Whether two resources look alike but for the numbers; those stand in the same cells. */
export function sameStructure(a: ResourceMetrics, b: ResourceMetrics): boolean {
  return (
    sameAttributes(a.attributes, b.attributes) &&
    a.scope.name === b.scope.name &&
    a.scope.version === b.scope.version &&
    sameItems(a.metrics, b.metrics, sameMetric)
  );
}

const sameMetric = (a: Metric, b: Metric): boolean =>
  a === b || (identityOf(a) === identityOf(b) && sameItems(a.points, b.points, samePoint));

const samePoint = (a: Point, b: Point): boolean =>
  a === b || (a.cell === b.cell && sameAttributes(a.attributes, b.attributes));

const sameItems = <Item>(
  a: readonly Item[],
  b: readonly Item[],
  same: (a: Item, b: Item) => boolean,
): boolean => a === b || (a.length === b.length && a.every((item, index) => same(item, b[index] as Item)));

function sameAttributes(a: Attributes, b: Attributes): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** What makes two metrics of one resource the same metric. */
export const identityOf = ({ name, unit, type, monotonic, temporality, number }: Metric): string =>
  `${name}\n${unit}\n${type}\n${monotonic}\n${temporality}\n${number}`;

/** A text that attributes have in common exactly when they are equal, whatever their order. */
export function keyOfAttributes(attributes: Attributes): string {
  const keys = Object.keys(attributes);
  if (keys.length === 0) return "";
  return JSON.stringify(keys.sort((a, b) => (a < b ? -1 : 1)).map((key) => [key, attributes[key]]));
}

// Calculated numbers.

/** A number calculated from another each time it is read; the earlier value is calculated the same way. */
export const calculated = (cell: Cell, calculate: (value: number) => number): Cell => ({
  get value() {
    return calculate(cell.value);
  },
  before: (uptimeMs) => calculate(cell.before?.(uptimeMs) ?? 0),
});

export type Aggregation = "sum" | "mean" | "min" | "max" | "count" | "median";

const aggregate: Readonly<Record<Exclude<Aggregation, "sum">, (values: readonly number[]) => number>> = {
  mean: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  count: (values) => values.length,
  median: (values) => {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length / 2;
    return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
  },
};

/** Most of what is added up: without a list of numbers for each reading. */
const summed = (cells: readonly Cell[]): Cell => ({
  get value() {
    let sum = 0;
    for (const cell of cells) sum += cell.value;
    return sum;
  },
  before: (uptimeMs) => {
    let sum = 0;
    for (const cell of cells) sum += cell.before?.(uptimeMs) ?? 0;
    return sum;
  },
});

function aggregated(cells: readonly Cell[], aggregation: Aggregation): Cell {
  if (aggregation === "sum") return summed(cells);
  const calculate = aggregate[aggregation];
  return {
    get value() {
      return calculate(cells.map((cell) => cell.value));
    },
    before: (uptimeMs) => calculate(cells.map((cell) => cell.before?.(uptimeMs) ?? 0)),
  };
}

/** Puts the points together that have the same attributes, in the order in which they first occur. */
export function mergePoints(points: readonly Point[], aggregation: Aggregation): Point[] {
  const groups = new Map<string, Point[]>();
  for (const point of points) {
    const key = keyOfAttributes(point.attributes);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [point]);
    else group.push(point);
  }
  return [...groups.values()].map((group) => {
    const [first] = group;
    if (group.length === 1 && first !== undefined && aggregation !== "count") return first;
    return {
      attributes: first?.attributes ?? {},
      cell: aggregated(
        group.map(({ cell }) => cell),
        aggregation,
      ),
    };
  });
}
