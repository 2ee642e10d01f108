/** The collectors of a node: which version is asked for, which is live, and on which port. */
import { buildCollectorConfig, type CollectorConfig } from "./collector-config.js";
import { createCollector, type Collector } from "./collector.js";
import type { ConfigReader } from "./config-reader.js";
import type { DesiredCollector, NodeDisk } from "./disk.js";
import { hashText, mix } from "./hash.js";
import type { ResolvedNodeOptions } from "./node-options.js";
import { refuse, type Outcome } from "./outcome.js";
import { ConfigProblem } from "./processors/index.js";
import type { RegexCompiler } from "./ottl/index.js";

export interface CollectorRegistryOptions {
  readonly nodeName: string;
  readonly disk: NodeDisk;
  readonly options: ResolvedNodeOptions;
  readonly seed: number;
  readonly uptimeMs: () => number;
  readonly readConfig: ConfigReader;
  readonly regex: RegexCompiler;
}

/** A request to run one version of a collector. */
export interface CollectorRequest {
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
  resetCounters(): void;
}

/** One collector in memory. */
interface Entry {
  desired: DesiredCollector;
  /** Accepted and not live yet. */
  next: { readonly config: CollectorConfig; liveAtMs: number } | undefined;
  collector: Collector | undefined;
  liveVersion: number;
}

// Ports of the node itself; design documents give them to the collector's own metrics and to its health check.
const reservedPorts: ReadonlySet<number> = new Set([8889, 13_133]);
const deletedVersionsMax = 100_000;

const keyOf = (experimentId: string, variant: string): string => `${experimentId}/${variant}`;

/** Boots the collectors that the disk knows; each is live after the reload time. */
export function createCollectorRegistry(setup: CollectorRegistryOptions): CollectorRegistry {
  const { nodeName, disk, options, seed, uptimeMs, readConfig, regex } = setup;
  const entries = new Map<string, Entry>();
  const byPort = new Map<number, Entry>();
  let stuck = false;
  for (const desired of disk.collectors.values()) {
    const built = build(desired);
    if (built.ok) add(desired, built.config);
  }

  function build({ experimentId, variant, config }: CollectorRequest) {
    const environment = {
      NODE_NAME: nodeName,
      HOST_NAME: nodeName,
      PHOENIX_EXPERIMENT_ID: experimentId,
      PHOENIX_VARIANT: variant,
    };
    try {
      return buildCollectorConfig(readConfig(config, environment), { regex, hostName: nodeName });
    } catch (error) {
      if (error instanceof ConfigProblem) return { ok: false, errors: [error.message] } as const;
      throw error;
    }
  }

  function liveAtMs(): number {
    return stuck ? Number.POSITIVE_INFINITY : uptimeMs() + options.reloadMs;
  }

  function add(desired: DesiredCollector, config: CollectorConfig): Entry {
    const next = { config, liveAtMs: liveAtMs() };
    const entry: Entry = { desired, next, collector: undefined, liveVersion: 0 };
    entries.set(keyOf(desired.experimentId, desired.variant), entry);
    byPort.set(desired.port, entry);
    return entry;
  }

  /** Brings an entry up to now: what was accepted long enough ago is live. */
  function settle(entry: Entry): Entry {
    const { next, desired } = entry;
    if (next === undefined || next.liveAtMs > uptimeMs()) return entry;
    const { experimentId, variant } = desired;
    if (entry.collector === undefined) {
      entry.collector = createCollector({
        experimentId,
        variant,
        config: next.config,
        startMs: next.liveAtMs,
        seed: mix(seed, hashText(keyOf(experimentId, variant))),
      });
    } else {
      entry.collector.reload(next.config);
    }
    entry.liveVersion = desired.version;
    entry.next = undefined;
    return entry;
  }

  function describe(entry: Entry) {
    const { desired, liveVersion } = settle(entry);
    const { experimentId, variant, version, port } = desired;
    return {
      experiment_id: experimentId,
      variant,
      version,
      live_version: liveVersion,
      ready: liveVersion === version,
      metrics_port: port,
    };
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
    const entry = entries.get(key);
    if (entry !== undefined && request.version < entry.desired.version) {
      return refuse(409, `version ${entry.desired.version} of ${key} is newer`, {
        version: entry.desired.version,
      });
    }
    if (entry?.desired.version === request.version) return { status: 200, body: describe(entry) };
    if (entry === undefined && entries.size >= options.collectorsMax) {
      return refuse(507, `this node holds ${entries.size} collectors already`);
    }
    const built = build(request);
    if (!built.ok) return refuse(422, "invalid configuration", { errors: built.errors });
    if (entry !== undefined) settle(entry);
    const desired: DesiredCollector = { ...request, port: entry?.desired.port ?? freePort() };
    disk.collectors.set(key, desired);
    if (entry === undefined) return { status: 201, body: describe(add(desired, built.config)) };
    entry.desired = desired;
    entry.next = { config: built.config, liveAtMs: liveAtMs() };
    return { status: 200, body: describe(entry) };
  }

  function remove(experimentId: string, variant: string, version: number | undefined): Outcome {
    const key = keyOf(experimentId, variant);
    const entry = entries.get(key);
    // Whatever is known goes, even when it is newer than the request: an experiment that ended stays ended.
    const upTo = Math.max(version ?? 0, entry?.desired.version ?? 0, disk.deletedVersions.get(key) ?? 0);
    if (upTo > 0) {
      disk.deletedVersions.set(key, upTo);
      const [oldest] = disk.deletedVersions.keys();
      if (disk.deletedVersions.size > deletedVersionsMax && oldest !== undefined)
        disk.deletedVersions.delete(oldest);
    }
    if (entry !== undefined) {
      entries.delete(key);
      byPort.delete(entry.desired.port);
      disk.collectors.delete(key);
    }
    return { status: 204, body: {} };
  }

  return {
    put,
    remove,
    get: (experimentId, variant) => {
      const entry = entries.get(keyOf(experimentId, variant));
      return entry === undefined
        ? refuse(404, `no collector ${keyOf(experimentId, variant)}`)
        : { status: 200, body: describe(entry) };
    },
    list: () => ({ status: 200, body: { collectors: [...entries.values()].map(describe) } }),
    atPort: (port) => {
      const entry = byPort.get(port);
      return entry === undefined ? undefined : (settle(entry).collector ?? "starting");
    },
    setReloadStuck: (value) => {
      for (const entry of entries.values()) settle(entry);
      stuck = value;
      for (const { next } of entries.values()) if (next !== undefined) next.liveAtMs = liveAtMs();
    },
    resetCounters: () => {
      for (const entry of entries.values()) settle(entry).collector?.resetCounters();
    },
  };
}
