/**
 * One simulated node: a machine with processes, and an agent that runs collectors on it.
 *
 * Nothing ticks here. Processes and collectors are functions of time, brought up when somebody asks; the node sets no
 * timer. What must survive a crash is on the `disk`; a start rebuilds the rest from it, with processes begun anew.
 */
import type { Clock, HttpHandler, HttpReply, Logger, Random } from "../../src/ports/index.js";
import { serveAgent } from "./agent-api.js";
import { createCollectorRegistry, type CollectorRegistry } from "./collector-registry.js";
import { createConfigTools, type ConfigTools } from "./config-tools.js";
import type { NodeDisk } from "./disk.js";
import { expositionContentType } from "./exposition.js";
import { mix } from "./hash.js";
import { createNodeLoad, type NodeLoad } from "./node-load.js";
import { createProcessTable, type ProcessTable } from "./process-table.js";
import { resolveNodeOptions, type NodeOptions } from "./node-options.js";

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
      samples: processes.samples(),
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
