/** The collectors of a node: who may run which version, and on which port. */
import { buildCollectorConfig, type BuildResult } from "./collector-config.js";
import { createCollectorSlot, type CollectorSlot } from "./collector-slot.js";
import type { Collector } from "./collector.js";
import type { ConfigTools } from "./config-tools.js";
import type { DesiredCollector, NodeDisk } from "./disk.js";
import type { ResolvedNodeOptions } from "./node-options.js";
import { refuse, type Outcome } from "./outcome.js";
import { ConfigProblem } from "./processors/index.js";

export interface CollectorRegistryOptions {
  readonly nodeName: string;
  readonly disk: NodeDisk;
  readonly options: ResolvedNodeOptions;
  readonly uptimeMs: () => number;
  readonly configs: ConfigTools;
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
    const { config } = built;
    const onLive = (version: number): void => {
      disk.onceLive.set(key, Math.max(version, disk.onceLive.get(key) ?? 0));
    };
    const slot = createCollectorSlot({ desired, config, uptimeMs, liveAtMs, onLive });
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
      slot.accept(desired, built.config);
    }
    return { status: 200, body: slot.describe() };
  }

  function remove(experimentId: string, variant: string, version: number | undefined): Outcome {
    const key = keyOf(experimentId, variant);
    const slot = slots.get(key);
    // Whatever is known goes, even when it is newer than the request: an experiment that ended stays ended.
    bury(disk, key, Math.max(version ?? 0, slot?.desired.version ?? 0));
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
      for (const slot of slots.values()) slot.live()?.resetCounters();
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
function bury(disk: NodeDisk, key: string, version: number): void {
  const upTo = Math.max(version, disk.deletedVersions.get(key) ?? 0);
  if (upTo === 0) return;
  disk.deletedVersions.set(key, upTo);
  const [oldest] = disk.deletedVersions.keys();
  if (disk.deletedVersions.size > deletedVersionsMax && oldest !== undefined)
    disk.deletedVersions.delete(oldest);
}
