/**
 * One simulated node: a machine with processes, and an agent that runs collectors on it.
 *
 * Nothing ticks here. Processes and collectors are functions of time, brought up when somebody asks; the node sets no
 * timer. What must survive a crash is on the `disk`; a start rebuilds the rest from it, with processes begun anew.
 */
import { z } from "zod";

import type { Clock, HttpHandler, HttpReply, HttpRequest, Logger, Random } from "../../../src/ports/index.js";
import { createConfigTools, type ConfigTools } from "./collector-config.js";
import { createCollectorRegistry, type CollectorRegistry } from "./collector-registry.js";
import { expositionContentType } from "./exposition.js";
import { loadProfiles } from "./load-profile.js";
import { resolveNodeOptions, type DesiredLoad, type NodeDisk, type NodeOptions } from "./node-options.js";
import { createProcessTable, refuse, type Outcome, type ProcessTable } from "./process-table.js";
import { mix } from "./rotating-memo.js";

// The HTTP interface of a node's agent: JSON in, JSON out.

/** What the interface acts on. */
interface AgentParts {
  readonly collectors: CollectorRegistry;
  readonly load: NodeLoad;
}

const identifier = z
  .string()
  .regex(/^[A-Za-z0-9][-A-Za-z0-9_.]{0,127}$/, "must be letters, digits, dashes and dots");
const collectorBody = z.object({
  experiment_id: identifier,
  variant: z.enum(["baseline", "candidate"]),
  version: z.int().min(1),
  config: z.string().min(1),
});
const loadBody = z.object({
  experiment_id: identifier,
  profile: z.string(),
  process_count: z.int().min(1).max(10_000),
  metrics_per_second: z.number().min(0).max(10_000_000),
  duration_ms: z.number().positive(),
  started_at_ms: z.number(),
});

type Action = (parts: AgentParts, path: readonly string[], request: HttpRequest) => Outcome;

const actions: Readonly<Record<string, Readonly<Record<string, Action>>>> = {
  "collectors/1": { GET: ({ collectors }) => collectors.list() },
  "collectors/3": {
    GET: ({ collectors }, [, experimentId = "", variant = ""]) => collectors.get(experimentId, variant),
    PUT: putCollector,
    DELETE: deleteCollector,
  },
  "loads/1": { GET: ({ load }) => load.list() },
  "loads/2": { PUT: putLoad, DELETE: ({ load }, [, loadId = ""]) => load.remove(loadId) },
  "health/1": { GET: () => ({ status: 200, body: { status: "ok" } }) },
};

/** Serves one request of the agent's interface. */
function serveAgent(parts: AgentParts, request: HttpRequest): HttpReply {
  const path = new URL(request.url).pathname.slice(1).split("/").map(decodeSegment);
  const methods = actions[`${path[0] ?? ""}/${path.length}`];
  if (methods === undefined) return reply(refuse(404, `nothing is served at /${path.join("/")}`));
  const action = methods[request.method];
  if (action === undefined) {
    return reply(refuse(405, `${request.method} is not served here`), {
      allow: Object.keys(methods).join(", "),
    });
  }
  return reply(action(parts, path, request));
}

/** A segment that is not well encoded stands for itself; no id looks like that. */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function putCollector({ collectors }: AgentParts, path: readonly string[], request: HttpRequest): Outcome {
  const body = decode(collectorBody, request.body);
  if (!body.ok) return body.outcome;
  const { experiment_id: experimentId, variant, version, config } = body.value;
  if (experimentId !== path[1] || variant !== path[2]) {
    return refuse(400, `body is about ${experimentId}/${variant}, path about ${path[1]}/${path[2]}`);
  }
  return collectors.put({ experimentId, variant, version, config });
}

function deleteCollector(
  { collectors }: AgentParts,
  [, experimentId = "", variant = ""]: readonly string[],
  request: HttpRequest,
): Outcome {
  const text = new URL(request.url).searchParams.get("version");
  if (text === null) return collectors.remove(experimentId, variant, undefined);
  const version = Number(text);
  if (!Number.isInteger(version) || version < 1)
    return refuse(400, `version must be a whole number, found "${text}"`);
  return collectors.remove(experimentId, variant, version);
}

function putLoad({ load }: AgentParts, [, loadId = ""]: readonly string[], request: HttpRequest): Outcome {
  if (!identifier.safeParse(loadId).success) return refuse(400, `"${loadId}" is not a load id`);
  const body = decode(loadBody, request.body);
  if (!body.ok) return body.outcome;
  const { value } = body;
  return load.put({
    loadId,
    experimentId: value.experiment_id,
    profile: value.profile,
    processCount: value.process_count,
    metricsPerSecond: value.metrics_per_second,
    durationMs: value.duration_ms,
    startedAtMs: value.started_at_ms,
  });
}

function decode<Value>(
  schema: z.ZodType<Value>,
  text: string,
): { ok: true; value: Value } | { ok: false; outcome: Outcome } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, outcome: refuse(400, "body is not JSON") };
  }
  const result = schema.safeParse(json);
  if (result.success) return { ok: true, value: result.data };
  const errors = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  return { ok: false, outcome: refuse(400, "invalid body", { errors }) };
}

function reply({ status, body }: Outcome, headers: Readonly<Record<string, string>> = {}): HttpReply {
  if (status === 204) return { status, headers, body: "" };
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

// The loads of a node: who may start one, and which the disk knows.

interface NodeLoadOptions {
  readonly clock: Clock;
  readonly disk: NodeDisk;
  readonly processes: ProcessTable;
  /** Processes that all loads may start together. */
  readonly processesMax: number;
}

interface NodeLoad {
  /** Starts a load. The same request again changes nothing. */
  put(load: DesiredLoad): Outcome;
  /** Stops a load for good. Idempotent. */
  remove(loadId: string): Outcome;
  list(): Outcome;
  /** Points per second that running loads offer. */
  offeredPointsPerSecond(): number;
}

const loadsMax = 1000;
const stoppedLoadsMax = 100_000;

/** Starts again the loads that the disk knows and whose time is not over. */
function createNodeLoad({ clock, disk, processes, processesMax }: NodeLoadOptions): NodeLoad {
  for (const load of disk.loads.values()) begin(load);

  /** The end is fixed in uptime, once, so that a step of the wall clock cannot move it. */
  function begin(load: DesiredLoad): void {
    const remainingMs = load.startedAtMs + load.durationMs - clock.now();
    if (remainingMs > 0) processes.begin(load, remainingMs);
  }

  const describe = (load: DesiredLoad) => ({
    load_id: load.loadId,
    experiment_id: load.experimentId,
    profile: load.profile,
    process_count: load.processCount,
    state: processes.active().some(({ loadId }) => loadId === load.loadId) ? "running" : "completed",
  });

  function put(load: DesiredLoad): Outcome {
    const { loadId, profile, processCount } = load;
    if (disk.stoppedLoads.has(loadId)) return refuse(409, `load ${loadId} was stopped`);
    const known = disk.loads.get(loadId);
    if (known !== undefined) {
      // A retry may carry a later start; the first one counts.
      const same =
        JSON.stringify({ ...known, startedAtMs: 0 }) === JSON.stringify({ ...load, startedAtMs: 0 });
      return same ? { status: 200, body: describe(known) } : refuse(409, `load ${loadId} has other settings`);
    }
    if (!Object.hasOwn(loadProfiles, profile)) {
      return refuse(422, `unknown profile "${profile}"`, { profiles: Object.keys(loadProfiles) });
    }
    const busy = processes.active().reduce((sum, { processCount }) => sum + processCount, 0);
    if (busy + processCount > processesMax) {
      return refuse(422, `${busy} processes run already; at most ${processesMax} fit on this node`);
    }
    disk.loads.set(loadId, load);
    const [oldest] = disk.loads.keys();
    if (disk.loads.size > loadsMax && oldest !== undefined) disk.loads.delete(oldest);
    begin(load);
    return { status: 201, body: describe(load) };
  }

  function remove(loadId: string): Outcome {
    disk.loads.delete(loadId);
    disk.stoppedLoads.add(loadId);
    const [oldest] = disk.stoppedLoads;
    if (disk.stoppedLoads.size > stoppedLoadsMax && oldest !== undefined) disk.stoppedLoads.delete(oldest);
    processes.end(loadId);
    return { status: 204, body: {} };
  }

  return {
    put,
    remove,
    list: () => ({ status: 200, body: { loads: [...disk.loads.values()].map(describe) } }),
    offeredPointsPerSecond: () =>
      processes.active().reduce((sum, { metricsPerSecond }) => sum + metricsPerSecond, 0),
  };
}

export interface NodeAgentParts {
  /** Name of the node, such as `node1`; also the host name that its series carry. */
  readonly name: string;
  readonly clock: Clock;
  /** Asked once in the life of a disk. */
  readonly random: Random;
  readonly logger: Logger;
  readonly disk: NodeDisk;
  /** Share one among nodes: the same configuration then is decoded once. */
  readonly configs?: ConfigTools;
  readonly options?: NodeOptions;
}

/** An injected fault. */
export interface NodeFault {
  /** Ends the fault. Calling it twice does nothing. */
  heal(): void;
}

export interface NodeAgent {
  /** Boots the machine. */
  start(): void;
  /** Shuts it down: the agent answers 503 and no port is open. */
  stop(): void;
  /** The agent's interface, for port 8090. */
  readonly agent: HttpHandler;
  /** Serves `/metrics` of the collector at a port; undefined when the port is closed. Ask anew at each connection. */
  metrics(port: number): HttpHandler | undefined;
  /** From now on accepted configurations do not become live; after `heal` they do, after the reload time. */
  stuckReload(): NodeFault;
  /** Kills one collector process; it comes back with the newest accepted version after the reload time. */
  crashCollector(experimentId: string, variant: string): void;
  /** Lets every counter of the node begin at zero again. */
  resetCounters(): void;
  /** Multiplies the latency that collectors report. @param factor - Above 0; 1 is normal. */
  slowCollectors(factor: number): NodeFault;
}

interface Machine {
  readonly collectors: CollectorRegistry;
  readonly load: NodeLoad;
  readonly processes: ProcessTable;
  readonly uptimeMs: () => number;
}

/** Builds a node; it serves after `start()`. */
export function createNodeAgent(parts: NodeAgentParts): NodeAgent {
  const { name, clock, random, logger, disk, configs = createConfigTools() } = parts;
  const options = resolveNodeOptions(parts.options);
  let machine: Machine | undefined;
  let latencyFactor = 1;

  function boot(): Machine {
    disk.seed ??= random.bytes(4).reduce((seed, byte) => seed * 256 + byte, 0);
    disk.bootCount += 1;
    const seed = mix(disk.seed, disk.bootCount);
    const bootedAtMs = clock.monotonic();
    const uptimeMs = (): number => clock.monotonic() - bootedAtMs;
    const processes = createProcessTable({ ...options, seed, uptimeMs });
    const load = createNodeLoad({ clock, disk, processes, processesMax: options.loadProcessesMax });
    const collectors = createCollectorRegistry({
      nodeName: name,
      disk,
      options,
      uptimeMs,
      configs,
    });
    logger.info("node booted", { node: name, boot: disk.bootCount, collectors: disk.collectors.size });
    return { collectors, load, processes, uptimeMs };
  }

  function scrape(port: number, path: string): HttpReply {
    if (path !== "/metrics") return plain(404, `nothing is served at ${path}\n`);
    const collector = machine?.collectors.atPort(port);
    if (machine === undefined || collector === undefined || collector === "starting") {
      return plain(503, "the collector is not ready\n");
    }
    const { load, processes, uptimeMs } = machine;
    const body = collector.scrape({
      uptimeMs: uptimeMs(),
      processes: processes.processes(),
      nowMs: clock.now(),
      offeredPointsPerSecond: load.offeredPointsPerSecond(),
      latencyFactor,
    });
    return { status: 200, headers: { "content-type": expositionContentType }, body };
  }

  return {
    start: () => {
      machine ??= boot();
    },
    stop: () => {
      machine = undefined;
    },
    agent: (request) =>
      machine === undefined ? plain(503, "the node is down\n") : serveAgent(machine, request),
    metrics: (port) =>
      machine?.collectors.atPort(port) === undefined
        ? undefined
        : (request) => scrape(port, new URL(request.url).pathname),
    stuckReload: () => {
      machine?.collectors.setReloadStuck(true);
      return { heal: () => machine?.collectors.setReloadStuck(false) };
    },
    crashCollector: (experimentId, variant) => machine?.collectors.crash(experimentId, variant),
    resetCounters: () => {
      machine?.processes.resetCounters();
      machine?.collectors.resetCounters();
    },
    slowCollectors: (factor) => {
      latencyFactor = factor;
      return {
        heal: () => {
          latencyFactor = 1;
        },
      };
    },
  };
}

function plain(status: number, body: string): HttpReply {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}
