/** Writes metrics as Prometheus text, version 0.0.4, named as the Prometheus exporter of a collector names them. */
import type { Attributes, AttributeValue, Cell, Metric, Pass, ResourceMetrics } from "./metrics.js";
import { totalOf } from "./processors.js";
import { createRotatingMemo } from "./rotating-memo.js";

/** Content type of the text. */
export const expositionContentType = "text/plain; version=0.0.4; charset=utf-8";

/** How the Prometheus exporter names and labels series. */
export interface ExporterConfig {
  /** As in the configuration; made legal for every metric name. Empty without a namespace. */
  readonly namespace: string;
  readonly constLabels: Readonly<Record<string, string>>;
  /** Attributes of a resource become labels. */
  readonly attributesAsLabels: boolean;
  /** Units and `total` become a part of names. */
  readonly suffixes: boolean;
  /** Each sample ends with the moment it was read, in epoch milliseconds. */
  readonly timestamps: boolean;
}

interface RenderedSamples {
  /** Series written. */
  readonly seriesCount: number;
  /** Resources written: processes and groups. */
  readonly sampleCount: number;
}

export interface SampleRenderer {
  /**
   * Appends pieces of text to `parts`. Each line but the first begins with its line break.
   *
   * @param nowMs - Epoch milliseconds of the pass.
   */
  render(resources: readonly ResourceMetrics[], parts: string[], nowMs: number): RenderedSamples;
}

/** What the exporter makes of one metric of a resource. */
interface MetricTexts {
  readonly metric: Metric;
  readonly name: string;
  /**
   * How the line of each data point begins: a line break, name, labels. Undefined for one that no exporter could
   * write: a constant label has a name of its attributes.
   */
  readonly starts: readonly (string | undefined)[];
}

/** What a series of gains has added up to. */
interface Total {
  /** Where its gains come from now. */
  readonly cell: Cell;
  readonly total: Cell;
  /** As it was last read. */
  last: number;
}

interface Series {
  /** Name and labels, with the line break before them. */
  readonly start: string;
  readonly cell: Cell;
}
interface Family {
  readonly header: string;
  readonly type: string;
  readonly series: Series[];
}
interface Table extends RenderedSamples {
  readonly families: readonly Family[];
}

/** Builds a renderer that lays its series out once, as long as the same resources come. */
export function createSampleRenderer(config: ExporterConfig, pass: Pass): SampleRenderer {
  const namespace = legalNamespace(config.namespace);
  const texts = createRotatingMemo<ResourceMetrics, readonly MetricTexts[]>(16);
  // Gains add up here for as long as the collector runs, by series.
  const totals = new Map<string, Total>();
  let input: readonly ResourceMetrics[] = [];
  let table: Table = { families: [], seriesCount: 0, sampleCount: 0 };

  function textsOf({ attributes, metrics }: ResourceMetrics): MetricTexts[] {
    const ofResource = config.attributesAsLabels ? attributes : identityLabels(attributes);
    const labelsOf = (ofPoint: Attributes): string | undefined => {
      const all = { ...ofResource, ...ofPoint };
      const clash = Object.keys(all).some((key) => Object.hasOwn(config.constLabels, labelName(key)));
      return clash ? undefined : labelText(config.constLabels, all);
    };
    // Most data points have no attributes of their own.
    const plain = labelsOf({});
    return metrics.map((metric) => {
      const name = familyName(metric, namespace, config.suffixes);
      const starts = metric.points.map(({ attributes }) => {
        const labels = Object.keys(attributes).length === 0 ? plain : labelsOf(attributes);
        return labels === undefined ? undefined : ["\n", name, labels].join("");
      });
      return { metric, name, starts };
    });
  }

  function layOut(resources: readonly ResourceMetrics[]): Table {
    const families = new Map<string, Family>();
    const seen = new Set<string>();
    let [seriesCount, sampleCount] = [0, 0];
    for (const resource of resources) {
      const before = seriesCount;
      for (const { metric, name, starts } of texts.get(resource, textsOf)) {
        const family = familyOf(families, name, metric);
        if (family === undefined) continue;
        for (let index = 0; index < starts.length; index += 1) {
          const [start, point] = [starts[index], metric.points[index]];
          // Two data points with the same labels would be one series twice; the first wins.
          if (start === undefined || point === undefined || seen.has(start)) continue;
          seen.add(start);
          const { cell } = point;
          family.series.push({ start, cell: metric.temporality === "delta" ? addedUp(start, cell) : cell });
          seriesCount += 1;
        }
      }
      if (seriesCount > before) sampleCount += 1;
    }
    texts.endRound();
    const sorted = [...families].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, family]) => family);
    return { families: sorted, seriesCount, sampleCount };
  }

  /** A series goes on counting when another data point takes its place. */
  function addedUp(key: string, cell: Cell): Cell {
    const known = totals.get(key);
    if (known?.cell === cell) return known.total;
    const { startMs } = pass;
    const counted = known?.last ?? 0;
    const ofCell = totalOf(cell, pass);
    const entry: Total = {
      cell,
      last: counted,
      total: {
        get value() {
          entry.last = (pass.startMs === startMs ? counted : 0) + ofCell.value;
          return entry.last;
        },
      },
    };
    totals.set(key, entry);
    return entry.total;
  }

  return {
    render: (resources, parts, nowMs) => {
      const same =
        resources.length === input.length && resources.every((resource, index) => resource === input[index]);
      if (!same) [input, table] = [resources, layOut(resources)];
      const end = config.timestamps ? ` ${nowMs}` : "";
      let first = true;
      for (const { header, series } of table.families) {
        if (series.length === 0) continue;
        parts.push(first ? header : `\n${header}`);
        first = false;
        for (const { start, cell } of series) parts.push(start, `${cell.value}${end}`);
      }
      return table;
    },
  };
}

/** The family of that name; undefined when it is of another type already. */
function familyOf(families: Map<string, Family>, name: string, metric: Metric): Family | undefined {
  const type = metric.type === "sum" && metric.monotonic ? "counter" : "gauge";
  const known = families.get(name);
  if (known !== undefined) return known.type === type ? known : undefined;
  const help = metric.description.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  const family = { header: `# HELP ${name} ${help}\n# TYPE ${name} ${type}`, type, series: [] };
  families.set(name, family);
  return family;
}

/** Without attributes as labels, a resource is told apart by its service alone. */
function identityLabels(attributes: Attributes): Attributes {
  const labels: Record<string, AttributeValue> = {};
  const {
    "service.name": name,
    "service.namespace": namespace,
    "service.instance.id": instance,
  } = attributes;
  if (name !== undefined) labels["job"] = namespace === undefined ? name : `${namespace}/${name}`;
  if (instance !== undefined) labels["instance"] = instance;
  return labels;
}

// Names, by the rules for turning OpenTelemetry metrics into Prometheus ones.

const unitWords: Readonly<Record<string, string>> = {
  d: "days",
  h: "hours",
  min: "minutes",
  s: "seconds",
  ms: "milliseconds",
  us: "microseconds",
  ns: "nanoseconds",
  By: "bytes",
  KiBy: "kibibytes",
  MiBy: "mebibytes",
  GiBy: "gibibytes",
  TiBy: "tibibytes",
  KBy: "kilobytes",
  MBy: "megabytes",
  GBy: "gigabytes",
  TBy: "terabytes",
  m: "meters",
  V: "volts",
  A: "amperes",
  J: "joules",
  W: "watts",
  g: "grams",
  Cel: "celsius",
  Hz: "hertz",
  "1": "",
  "%": "percent",
};
const perWords: Readonly<Record<string, string>> = {
  s: "second",
  m: "minute",
  h: "hour",
  d: "day",
  w: "week",
  mo: "month",
  y: "year",
};

const wordsOf = (text: string): string[] => text.split(/[^\p{L}\p{Nd}]+/u).filter((word) => word !== "");

function legalNamespace(namespace: string): string {
  return wordsOf(namespace).join("_");
}

/** @returns The name of a metric, with its unit, and `total` for a counter. */
function familyName({ name, unit, type, monotonic }: Metric, namespace: string, suffixes: boolean): string {
  if (!suffixes) {
    const plain = name.replaceAll(/[^A-Za-z0-9:_]/g, "_");
    return (namespace === "" ? plain : `${namespace}_${plain}`).replace(/^(?=\d)/, "_");
  }
  let words = wordsOf(name);
  const [main = "", per = ""] = unit.split("/", 2).map((part) => part.trim());
  if (main !== "" && !/[{}]/.test(main)) {
    const word = unitWords[main] ?? wordsOf(main).join("_");
    if (word !== "" && !words.includes(word)) words.push(word);
  }
  if (per !== "" && !/[{}]/.test(per)) {
    const word = perWords[per] ?? wordsOf(per).join("_");
    if (word !== "" && !words.includes(word)) words.push("per", word);
  }
  if (type === "sum" && monotonic) words = [...words.filter((word) => word !== "total"), "total"];
  if (type === "gauge" && unit === "1") words = [...words.filter((word) => word !== "ratio"), "ratio"];
  if (namespace !== "") words.unshift(namespace);
  return words
    .join("_")
    .replaceAll(/[^A-Za-z0-9:_]/g, "_")
    .replace(/^(?=\d)/, "_");
}

/**
 * Labels in braces, with a blank after them.
 *
 * @param first - Come first, in their order, and win over `others` of the same name.
 * @param others - Come after them, in alphabetical order.
 */
export function labelText(first: Readonly<Record<string, string>>, others: Attributes = {}): string {
  const written = new Set<string>();
  const pairs: string[] = [];
  const write = (key: string, value: string): void => {
    const name = labelName(key);
    if (written.has(name)) return;
    written.add(name);
    pairs.push(`${name}="${escapeValue(value)}"`);
  };
  for (const key of Object.keys(first)) write(key, first[key] ?? "");
  for (const key of Object.keys(others).sort(byCodeUnit)) write(key, String(others[key] ?? ""));
  // Joining gives one flat text; what is put together with + is copied piece by piece at every use.
  return pairs.length === 0 ? " " : ["{", pairs.join(","), "} "].join("");
}

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : 1);

function labelName(name: string): string {
  if (/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) return name;
  const legal = name.replaceAll(/[^A-Za-z0-9_]/g, "_");
  if (/^\d/.test(legal)) return `key_${legal}`;
  return legal.startsWith("_") && !legal.startsWith("__") ? `key${legal}` : legal;
}

const escapeValue = (value: string): string =>
  /[\\"\n]/.test(value)
    ? value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
    : value;
