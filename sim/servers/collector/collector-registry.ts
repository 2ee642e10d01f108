/** The collectors of a node: who may run which version, and on which port. */
import { processMetrics } from "../../../src/generator/index.js";
import {
  buildCollectorConfig,
  type BuildResult,
  type CollectorConfig,
  type CollectorPlan,
  type ConfigTools,
  type ReceiverConfig,
} from "./collector-config.js";
import { ConfigProblem } from "./config-problem.js";
import { createSampleRenderer, labelText, type SampleRenderer } from "./exposition.js";
import type { Pass, ResourceMetrics } from "./metrics.js";
import type { DesiredCollector, NodeDisk, ResolvedNodeOptions } from "./node-options.js";
import { refuse, type Outcome, type SimulatedProcess } from "./process-table.js";
import { createRotatingMemo } from "./rotating-memo.js";

// A classic Prometheus histogram of how long batches take.

interface LatencyHistogram {
  observe(seconds: number): void;
  reset(): void;
  text(): string;
}

/** Upper bounds in seconds; a last bucket takes the rest. */
const bounds = [0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1];

function createLatencyHistogram(
  name: string,
  help: string,
  labels: Readonly<Record<string, string>>,
): LatencyHistogram {
  const labelSet = labelText(labels);
  const bucketLabels = [...bounds.map(String), "+Inf"].map((le) => labelText(labels, { le }));
  const buckets = new Float64Array(bucketLabels.length);
  let count = 0;
  let sumSeconds = 0;
  return {
    observe: (seconds) => {
      const bucket = bounds.findIndex((bound) => seconds <= bound);
      const index = bucket === -1 ? bounds.length : bucket;
      buckets[index] = (buckets[index] ?? 0) + 1;
      count += 1;
      sumSeconds += seconds;
    },
    reset: () => {
      buckets.fill(0);
      count = 0;
      sumSeconds = 0;
    },
    text: () => {
      let text = `# HELP ${name} ${help}\n# TYPE ${name} histogram\n`;
      let cumulated = 0;
      for (const [index, label] of bucketLabels.entries()) {
        cumulated += buckets[index] ?? 0;
        text += `${name}_bucket${label}${cumulated}\n`;
      }
      const sum = Math.round(sumSeconds * 1e9) / 1e9;
      return `${text}${name}_sum${labelSet}${sum}\n${name}_count${labelSet}${count}\n`;
    },
  };
}

// What a collector reports about its own work: points, bytes, latency, resources. All formulas are a model.

/** The outcome of one pass through the pipelines. */
interface PassCounts {
  /** Data points that the receiver read. */
  readonly points: number;
  /** Metrics of processes that the receiver read; a metric by state or direction counts once. */
  readonly received: number;
  /** Series that were exported. */
  readonly exported: number;
  /** Processes and groups that were exported. */
  readonly sampleCount: number;
}

/** How often something like a pass happened, and under which conditions. */
interface Repetition {
  /** Collections since the last count. */
  readonly collections: number;
  /** Points per collection that loads push besides what is read from the host. */
  readonly offeredPoints: number;
  /** Slows or speeds up processing; 1 is normal. */
  readonly latencyFactor: number;
}

interface SelfMetrics {
  /** Counts collections as if each had gone like `pass`. */
  count(pass: PassCounts, repetition: Repetition): void;
  /** Begins at zero again, as a restarted collector does. */
  reset(): void;
  text(pass: PassCounts, collectionIntervalMs: number): string;
}

// Batches a collection is worked off in. Their latencies are spread evenly over the distribution, not sampled freely:
// the 95th percentile of a short experiment would be chance otherwise, and its verdict with it.
const batchesPerCollection = 20;
const bytesPerPoint = 96;
const gibibyte = 2 ** 30;
const mebibyte = 2 ** 20;
const dollarsPerGibibyte = 0.25;
const zero = { accepted: 0, dropped: 0, sent: 0, batches: 0 };

function createSelfMetrics(labels: Readonly<Record<string, string>>): SelfMetrics {
  const labelSet = labelText(labels);
  const ofReceiver = labelText(labels, { receiver: "hostmetrics" });
  const ofProcessor = labelText(labels, { processor: "pipeline" });
  const ofExporter = labelText(labels, { exporter: "prometheus" });
  const latency = createLatencyHistogram(
    "phoenix_pipeline_processing_latency_seconds",
    "Time from reading a batch to exporting it.",
    labels,
  );
  let totals = { ...zero };

  const gauge = (name: string, help: string, value: number): string =>
    `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name}${labelSet}${value}\n`;
  const counter = (name: string, help: string, label: string, value: number): string =>
    `# HELP ${name} ${help}\n# TYPE ${name} counter\n${name}${label}${value}\n`;

  return {
    count: (pass, { collections, offeredPoints, latencyFactor }) => {
      const keptRatio = pass.received === 0 ? 0 : pass.exported / pass.received;
      const offeredSent = Math.round(offeredPoints * keptRatio);
      const dropped = pass.received - pass.exported + offeredPoints - offeredSent;
      totals.accepted += collections * (pass.points + offeredPoints);
      totals.sent += collections * (pass.exported + offeredSent);
      // A point that passes two pipelines is exported twice, so that more may leave than came.
      totals.dropped += collections * Math.max(0, dropped);
      const typical = latencyFactor * typicalLatencySeconds(pass);
      const batches = collections * batchesPerCollection;
      // The batches of each collection stand for even quantiles: sampled ones would make the 95th percentile of
      // a short experiment, and with it the verdict, a matter of chance.
      for (let batch = 0; batch < batches; batch += 1) {
        latency.observe(
          typical * latencyJitter(((batch % batchesPerCollection) + 0.5) / batchesPerCollection),
        );
      }
      totals.batches += batches;
    },
    reset: () => {
      totals = { ...zero };
      latency.reset();
    },
    text: (pass, collectionIntervalMs) => {
      const { cpuCores, memoryBytes, costDollars, cutRatio } = resourcesOf(pass, collectionIntervalMs);
      return (
        gauge("phoenix_process_cardinality", "Process series exported.", pass.exported) +
        gauge("phoenix_pipeline_processes", "Processes and groups exported.", pass.sampleCount) +
        gauge("phoenix_pipeline_cardinality_reduction_ratio", "Share of series removed.", cutRatio) +
        gauge("phoenix_estimated_hourly_cost_usd", "Cost of an hour of export.", costDollars) +
        gauge("phoenix_collector_cpu_usage_cores", "CPU cores the collector uses.", cpuCores) +
        gauge("phoenix_collector_memory_usage_bytes", "Memory the collector uses.", memoryBytes) +
        counter("phoenix_pipeline_bytes_exported", "Bytes exported.", labelSet, totals.sent * bytesPerPoint) +
        counter("otelcol_receiver_accepted_metric_points", "Points read.", ofReceiver, totals.accepted) +
        counter("otelcol_processor_dropped_metric_points", "Points dropped.", ofProcessor, totals.dropped) +
        counter("otelcol_exporter_sent_metric_points", "Points sent.", ofExporter, totals.sent) +
        counter("otelcol_exporter_send_failed_metric_points", "Points not sent.", ofExporter, 0) +
        latency.text()
      );
    },
  };
}

/** A base, a little for each point read and more for each point exported. */
const typicalLatencySeconds = ({ received, exported }: PassCounts): number =>
  0.004 + 2e-6 * received + 4e-6 * exported;

/** Most batches take about the typical time, a few twice as long. `quantile` is from 0 to 1. */
const latencyJitter = (quantile: number): number => 0.8 + 0.4 * quantile + 0.8 * quantile ** 12;

/** Costs of a collector that goes on as in `pass`: what it reads costs CPU, what it keeps costs memory. */
function resourcesOf({ received, exported }: PassCounts, collectionIntervalMs: number) {
  const collectionsPerSecond = 1000 / collectionIntervalMs;
  const bytesPerHour = exported * bytesPerPoint * collectionsPerSecond * 3600;
  return {
    cpuCores: round(0.005 + 6e-5 * received * collectionsPerSecond + 1e-5 * exported, 1e6),
    memoryBytes: 48 * mebibyte + 1024 * received + 2048 * exported,
    costDollars: round((bytesPerHour / gibibyte) * dollarsPerGibibyte, 1e9),
    cutRatio: received === 0 ? 0 : round(Math.max(0, 1 - exported / received), 1e6),
  };
}

const round = (value: number, scale: number): number => Math.round(value * scale) / scale;

// One running collector: scrapes go through the pipelines of its configuration.

/** What a collector sees of its node at one instant. */
interface NodeView {
  readonly uptimeMs: number;
  /** Epoch milliseconds of the node's clock. */
  readonly nowMs: number;
  /** Up to date processes. */
  readonly processes: readonly SimulatedProcess[];
  /** Points per second that loads push besides what is read from the host. */
  readonly offeredPointsPerSecond: number;
  readonly latencyFactor: number;
}

interface CollectorOptions {
  readonly experimentId: string;
  readonly variant: string;
  readonly plan: CollectorPlan;
  readonly startMs: number;
}

interface Collector {
  /** @returns Prometheus text of everything that the collector exposes now. */
  scrape(view: NodeView): string;
  /** Works by another configuration from the next scrape on; what it counted about itself goes on. */
  reload(plan: CollectorPlan, startMs: number): void;
  /** Lets its own counters begin at zero again. */
  resetCounters(uptimeMs: number): void;
}

interface Work {
  readonly config: CollectorConfig;
  readonly renderer: SampleRenderer | undefined;
  readonly receiver: Receiver;
  readonly pass: Pass;
}

function begin(plan: CollectorPlan, startMs: number): Work {
  const pass: Pass = { number: 0, uptimeMs: startMs, startMs };
  const config = plan.start(pass);
  const renderer = config.exporter === undefined ? undefined : createSampleRenderer(config.exporter, pass);
  return { config, renderer, receiver: createReceiver(config.receiver), pass };
}

/** Turns processes into resources, as the configuration wants them; the same ones as long as the processes live. */
interface Receiver {
  read(processes: readonly SimulatedProcess[]): readonly ResourceMetrics[];
  /** Data points and metrics of each resource. */
  readonly pointCount: number;
  readonly metricCount: number;
}

const scope = {
  name: "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/hostmetricsreceiver/internal/scraper/processscraper",
  version: "",
};

function createReceiver({ metrics, attributes, isRead }: ReceiverConfig): Receiver {
  const known = createRotatingMemo<SimulatedProcess, ResourceMetrics | undefined>(16);
  const facts = processMetrics.filter(({ name }) => metrics.has(name));
  let last: { processes: readonly SimulatedProcess[]; resources: readonly ResourceMetrics[] } | undefined;

  function resourceOf(process: SimulatedProcess): ResourceMetrics | undefined {
    if (!isRead(String(process.attributes["process.executable.name"]))) return undefined;
    return {
      attributes: Object.fromEntries(
        Object.entries(process.attributes).filter(([name]) => attributes.has(name)),
      ),
      scope,
      metrics: facts.map((metric) => process.metric(metric)),
    };
  }

  return {
    metricCount: facts.length,
    pointCount: facts.reduce((sum, { attribute }) => sum + (attribute?.values.length ?? 1), 0),
    read: (processes) => {
      if (last?.processes === processes) return last.resources;
      const resources = processes
        .map((process) => known.get(process, resourceOf))
        .filter((resource) => resource !== undefined);
      known.endRound();
      last = { processes, resources };
      return resources;
    },
  };
}

/** Starts a collector. It does nothing between scrapes. */
function createCollector({ experimentId, variant, plan, startMs }: CollectorOptions): Collector {
  const self = createSelfMetrics({ experiment_id: experimentId, variant });
  let work = begin(plan, startMs);
  let collectedUntilMs = Number.NEGATIVE_INFINITY;

  /** Collections due since the last scrape; the first one happens at the start. */
  function collectionsUntil(uptimeMs: number): number {
    const { collectionIntervalMs } = work.config.receiver;
    const index = Math.floor((uptimeMs - startMs) / collectionIntervalMs);
    const last = Math.floor((collectedUntilMs - startMs) / collectionIntervalMs);
    collectedUntilMs = uptimeMs;
    return Number.isFinite(last) ? index - last : index + 1;
  }

  return {
    scrape: ({ uptimeMs, nowMs, processes, offeredPointsPerSecond, latencyFactor }) => {
      const { config, renderer, receiver, pass } = work;
      const { collectionIntervalMs } = config.receiver;
      pass.number += 1;
      pass.uptimeMs = uptimeMs;
      const read = receiver.read(processes);
      const exported = config.run(read);
      const parts: string[] = [];
      const { seriesCount, sampleCount } = renderer?.render(exported, parts, nowMs) ?? nothingRendered;
      const counts: PassCounts = {
        points: read.length * receiver.pointCount,
        received: read.length * receiver.metricCount,
        exported: seriesCount,
        sampleCount,
      };
      const offeredPoints = Math.round((offeredPointsPerSecond * collectionIntervalMs) / 1000);
      self.count(counts, { collections: collectionsUntil(uptimeMs), offeredPoints, latencyFactor });
      parts.push(seriesCount === 0 ? "" : "\n", self.text(counts, collectionIntervalMs));
      return parts.join("");
    },
    reload: (plan, startMs) => {
      work = begin(plan, startMs);
    },
    resetCounters: (uptimeMs) => {
      // What adds up in the pipelines begins again, too.
      work.pass.startMs = uptimeMs;
      self.reset();
    },
  };
}

const nothingRendered = { seriesCount: 0, sampleCount: 0 };

// The place of one collector on a node: the version that is asked for, and the version that is live.

interface CollectorSlotOptions {
  readonly desired: DesiredCollector;
  readonly plan: CollectorPlan;
  readonly uptimeMs: () => number;
  /** Uptime at which a configuration accepted now will be live; infinity while reloads are stuck. */
  readonly liveAtMs: () => number;
  /** Called when a version becomes live. */
  readonly onLive?: (version: number) => void;
}

interface CollectorSlot {
  readonly desired: DesiredCollector;
  /** Takes a newer version, to be live after the reload time. */
  accept(desired: DesiredCollector, plan: CollectorPlan): void;
  /** What is live now; undefined before the first version is. */
  live(): Collector | undefined;
  describe(): Readonly<Record<string, unknown>>;
  /** Loses the running collector with all it counted; the newest version starts after the reload time. */
  crash(): void;
  /** Lets a waiting version start its reload time anew. */
  delayReload(): void;
}

interface Waiting {
  readonly plan: CollectorPlan;
  readonly liveAtMs: number;
}

/** Opens a slot for a collector whose first version is live after the reload time. */
function createCollectorSlot(options: CollectorSlotOptions): CollectorSlot {
  const { uptimeMs, liveAtMs } = options;
  let { desired, plan: newest } = options;
  let waiting: Waiting | undefined = { plan: newest, liveAtMs: liveAtMs() };
  let collector: Collector | undefined;
  let liveVersion = 0;

  /** Nothing ticks: what was accepted long enough ago becomes live when somebody looks. */
  function settle(): void {
    if (waiting === undefined || waiting.liveAtMs > uptimeMs()) return;
    const { plan, liveAtMs: startMs } = waiting;
    const { experimentId, variant, version } = desired;
    if (collector === undefined) collector = createCollector({ experimentId, variant, plan, startMs });
    else collector.reload(plan, startMs);
    liveVersion = version;
    options.onLive?.(version);
    waiting = undefined;
  }

  return {
    get desired() {
      return desired;
    },
    accept: (newer, plan) => {
      settle();
      desired = newer;
      newest = plan;
      waiting = { plan, liveAtMs: liveAtMs() };
    },
    live: () => {
      settle();
      return collector;
    },
    describe: () => {
      settle();
      const { experimentId, variant, version, port } = desired;
      return {
        experiment_id: experimentId,
        variant,
        version,
        live_version: liveVersion,
        ready: liveVersion === version,
        metrics_port: port,
      };
    },
    crash: () => {
      collector = undefined;
      liveVersion = 0;
      waiting = { plan: newest, liveAtMs: liveAtMs() };
    },
    delayReload: () => {
      settle();
      if (waiting !== undefined) waiting = { ...waiting, liveAtMs: liveAtMs() };
    },
  };
}

export interface CollectorRegistryOptions {
  readonly nodeName: string;
  readonly disk: NodeDisk;
  readonly options: ResolvedNodeOptions;
  readonly uptimeMs: () => number;
  readonly configs: ConfigTools;
}

/** A request to run one version of a collector. */
interface CollectorRequest {
  readonly experimentId: string;
  readonly variant: string;
  readonly version: number;
  /** YAML text. */
  readonly config: string;
}

export interface CollectorRegistry {
  put(request: CollectorRequest): Outcome;
  /** @param version - Deletes up to this version at least; whatever is known when undefined. */
  remove(experimentId: string, variant: string, version: number | undefined): Outcome;
  get(experimentId: string, variant: string): Outcome;
  list(): Outcome;
  /** The live collector behind a port; `starting` while its first version is not live yet. */
  atPort(port: number): Collector | "starting" | undefined;
  /** While stuck, accepted configurations do not become live. */
  setReloadStuck(stuck: boolean): void;
  /** Kills one collector process. Unknown ones are none of its business. */
  crash(experimentId: string, variant: string): void;
  resetCounters(): void;
}

// The platform gives these ports to the collector's own metrics and to its health check.
const reservedPorts: ReadonlySet<number> = new Set([8889, 13_133]);
const deletedVersionsMax = 100_000;

const keyOf = (experimentId: string, variant: string): string => `${experimentId}/${variant}`;

/** Boots the collectors that the disk knows; each is live after the reload time. */
export function createCollectorRegistry(setup: CollectorRegistryOptions): CollectorRegistry {
  const { disk, options, uptimeMs } = setup;
  const slots = new Map<string, CollectorSlot>();
  const byPort = new Map<number, CollectorSlot>();
  let stuck = false;
  const liveAtMs = (): number => (stuck ? Number.POSITIVE_INFINITY : uptimeMs() + options.reloadMs);
  for (const desired of disk.collectors.values()) open(desired, build(setup, desired));

  function open(desired: DesiredCollector, built: BuildResult): Outcome {
    if (!built.ok) return refuse(422, "invalid configuration", { errors: built.errors });
    const key = keyOf(desired.experimentId, desired.variant);
    const { plan } = built;
    const onLive = (version: number): void => {
      disk.onceLive.set(key, Math.max(version, disk.onceLive.get(key) ?? 0));
    };
    const slot = createCollectorSlot({ desired, plan, uptimeMs, liveAtMs, onLive });
    disk.collectors.set(key, desired);
    slots.set(key, slot);
    byPort.set(desired.port, slot);
    return { status: 201, body: slot.describe() };
  }

  function freePort(): number {
    let port = options.metricsPortFirst;
    while (byPort.has(port) || reservedPorts.has(port)) port += 1;
    return port;
  }

  function put(request: CollectorRequest): Outcome {
    const key = keyOf(request.experimentId, request.variant);
    const deleted = disk.deletedVersions.get(key);
    if (deleted !== undefined && request.version <= deleted) {
      return refuse(409, `version ${request.version} of ${key} was deleted`, { version: deleted });
    }
    const slot = slots.get(key);
    if (slot === undefined) {
      if (slots.size >= options.collectorsMax)
        return refuse(507, `this node holds ${slots.size} collectors already`);
      return open({ ...request, port: freePort() }, build(setup, request));
    }
    const { version, port } = slot.desired;
    if (request.version < version) return refuse(409, `version ${version} of ${key} is newer`, { version });
    if (request.version > version) {
      const built = build(setup, request);
      if (!built.ok) return refuse(422, "invalid configuration", { errors: built.errors });
      const desired = { ...request, port };
      disk.collectors.set(key, desired);
      slot.accept(desired, built.plan);
    }
    return { status: 200, body: slot.describe() };
  }

  function remove(experimentId: string, variant: string, version: number | undefined): Outcome {
    const key = keyOf(experimentId, variant);
    const slot = slots.get(key);
    // Whatever is known goes, even when it is newer than the request: an experiment that ended stays ended.
    addTombstone(disk, key, Math.max(version ?? 0, slot?.desired.version ?? 0));
    if (slot !== undefined) byPort.delete(slot.desired.port);
    slots.delete(key);
    disk.collectors.delete(key);
    return { status: 204, body: {} };
  }

  return {
    put,
    remove,
    get: (experimentId, variant) => {
      const slot = slots.get(keyOf(experimentId, variant));
      return slot === undefined
        ? refuse(404, `no collector ${keyOf(experimentId, variant)}`)
        : { status: 200, body: slot.describe() };
    },
    list: () => ({ status: 200, body: { collectors: [...slots.values()].map((slot) => slot.describe()) } }),
    atPort: (port) => {
      const slot = byPort.get(port);
      return slot === undefined ? undefined : (slot.live() ?? "starting");
    },
    setReloadStuck: (value) => {
      if (value === stuck) return;
      stuck = value;
      for (const slot of slots.values()) slot.delayReload();
    },
    crash: (experimentId, variant) => slots.get(keyOf(experimentId, variant))?.crash(),
    resetCounters: () => {
      for (const slot of slots.values()) slot.live()?.resetCounters(uptimeMs());
    },
  };
}

function build({ nodeName, configs }: CollectorRegistryOptions, request: CollectorRequest): BuildResult {
  const environment = {
    NODE_NAME: nodeName,
    HOST_NAME: nodeName,
    PHOENIX_EXPERIMENT_ID: request.experimentId,
    PHOENIX_VARIANT: request.variant,
  };
  try {
    return buildCollectorConfig(configs.read(request.config, environment), {
      ottl: configs.ottl,
      hostName: nodeName,
    });
  } catch (error) {
    if (error instanceof ConfigProblem) return { ok: false, errors: [error.message] };
    throw error;
  }
}

/** Leaves a tombstone, so that a late request for a deleted version cannot bring it back. */
function addTombstone(disk: NodeDisk, key: string, version: number): void {
  const upTo = Math.max(version, disk.deletedVersions.get(key) ?? 0);
  if (upTo === 0) return;
  disk.deletedVersions.set(key, upTo);
  const [oldest] = disk.deletedVersions.keys();
  if (disk.deletedVersions.size > deletedVersionsMax && oldest !== undefined)
    disk.deletedVersions.delete(oldest);
}
