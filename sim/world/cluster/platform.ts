/** Settings of the platform's services in a world, and pieces of them that a test may exchange one by one. */
import type { ControllerOptions, ControllerParts } from "../../../src/controller/index.js";
import { checkPassword, type GatewayOptions, type GatewayParts } from "../../../src/gateway/index.js";
import type { GeneratorOptions } from "../../../src/generator/index.js";
import type {
  Cache,
  Clock,
  HttpClient,
  HttpHandler,
  Logger,
  Random,
  ServerSocket,
  SqlPool,
} from "../../../src/ports/index.js";
import type { Incarnation, Loop } from "../../kernel/index.js";
import type { LogLevel, Recorder } from "../../kernel/trace.js";
import type { NodeOptions } from "../../servers/collector/index.js";
import type { PrometheusConfig } from "../../servers/prometheus/index.js";
import { checkOptions } from "../../shared/text.js";

/** What a gateway or a controller gets from its world. */
export interface ServicePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly sql: SqlPool;
  readonly cache: Cache;
  readonly http: HttpClient;
  readonly logger: Logger;
}

/** Exchanges what a service gets from its world. Called once for each incarnation. */
type WrapPorts = (ports: ServicePorts) => ServicePorts;

/** Exchanges how a service answers requests. Called once for each incarnation. */
export type WrapHandler = (handler: HttpHandler) => HttpHandler;

/** Exchanges the server's end of a WebSocket. Called once for each socket. */
type WrapSocket = (socket: ServerSocket) => ServerSocket;

/** Exchanges the configuration of Prometheus: an object as `prometheus.yml` holds it. Called once. */
export type WrapConfig = (config: PrometheusConfig) => PrometheusConfig;

export interface PlatformOptions {
  readonly gateway?: {
    readonly options?: GatewayOptions;
    /** @internal Of the sources only: pieces that tests of wrong variants exchange. */
    readonly parts?: Partial<GatewayParts> | ((ports: ServicePorts) => Partial<GatewayParts>);
    readonly ports?: WrapPorts;
    readonly handler?: WrapHandler;
    readonly socket?: WrapSocket;
  };
  readonly controller?: {
    readonly options?: ControllerOptions;
    /** @internal Of the sources only, as with the gateway. */
    readonly parts?: Partial<ControllerParts> | ((ports: ServicePorts) => Partial<ControllerParts>);
    readonly ports?: WrapPorts;
    readonly handler?: WrapHandler;
  };
  readonly generator?: { readonly options?: GeneratorOptions; readonly handler?: WrapHandler };
  readonly prometheus?: {
    /** Changes what Prometheus is configured with: intervals, jobs, rules. Give one function to many worlds. */
    readonly config?: WrapConfig;
  };
  /** The agents of all nodes. */
  readonly node?: { readonly options?: NodeOptions; readonly handler?: WrapHandler };
}

/** @returns The parts of one incarnation, when they were given as a function of its ports. */
export function partsFor<Parts extends object>(
  given: Parts | ((ports: ServicePorts) => Parts) | undefined,
  ports: ServicePorts,
): Partial<Parts> {
  return typeof given === "function" ? given(ports) : (given ?? {});
}

// Names of the settings of the platform, so that one that does not exist is refused.

type Names<T> = Readonly<Record<keyof T, true>>;
type Part<Name extends keyof PlatformOptions> = NonNullable<PlatformOptions[Name]>;

const services = {
  gateway: { options: true, parts: true, ports: true, handler: true, socket: true } satisfies Names<
    Part<"gateway">
  >,
  controller: { options: true, parts: true, ports: true, handler: true } satisfies Names<Part<"controller">>,
  generator: { options: true, handler: true } satisfies Names<Part<"generator">>,
  prometheus: { config: true } satisfies Names<Part<"prometheus">>,
  node: { options: true, handler: true } satisfies Names<Part<"node">>,
} satisfies Record<keyof PlatformOptions, object>;

const gateway: Names<GatewayOptions> = {
  jwtSecret: true,
  jwtIssuer: true,
  tokenLifeMs: true,
  bodyMax: true,
  requestTimeoutMs: true,
  answerTimeoutMs: true,
  eventPollMs: true,
  socketBacklogMax: true,
  socketBufferMax: true,
  eventsKept: true,
  generatorUrl: true,
  prometheusUrl: true,
  controllerUrl: true,
};

const controller: Names<ControllerOptions> = {
  initWorkers: true,
  workers: true,
  tickMs: true,
  leaseMs: true,
  initHoldMs: true,
  analysisHoldMs: true,
  initTimeoutMs: true,
  analysisTimeoutMs: true,
  retryFirstMs: true,
  retryMostMs: true,
  readyPollMs: true,
  requestTimeoutMs: true,
  sweepTicks: true,
  shutdownGraceMs: true,
  generatorUrl: true,
  prometheusUrl: true,
  nodePort: true,
};

const generator: Names<GeneratorOptions> = { lastConfigsMax: true, renderingsMax: true, bodyLengthMax: true };

const node: Names<NodeOptions> = {
  reloadMs: true,
  backgroundProfile: true,
  backgroundProcessCount: true,
  collectorsMax: true,
  loadProcessesMax: true,
  metricsPortFirst: true,
};

/** @throws SimError `SIM_OPTION_INVALID` naming the part, the key and the nearest there is. */
export function checkPlatform(platform: PlatformOptions | undefined): void {
  if (platform === undefined) return;
  checkOptions("platform", platform, Object.keys(services));
  for (const [name, keys] of Object.entries(services))
    checkOptions(`platform.${name}`, platform[name as keyof PlatformOptions], Object.keys(keys));
  checkOptions("platform.gateway.options", platform.gateway?.options, Object.keys(gateway));
  checkOptions("platform.controller.options", platform.controller?.options, Object.keys(controller));
  checkOptions("platform.generator.options", platform.generator?.options, Object.keys(generator));
  checkOptions("platform.node.options", platform.node?.options, Object.keys(node));
}

// Checks of passwords that are remembered: slow on purpose in the platform, and the same few in every world.

const rememberedMax = 1_000;

/** @returns The platform's check, which computes the same question only once. */
export function rememberingPasswords(): typeof checkPassword {
  const known = new Map<string, boolean>();
  return (password, stored) => {
    const key = `${stored}\n${password}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const result = checkPassword(password, stored);
    if (known.size >= rememberedMax) known.clear();
    known.set(key, result);
    return result;
  };
}

// The ports of src/ports over one incarnation of a host.

/** Time as this host sees it; timers die with the incarnation. */
export function createClockPort(incarnation: Incarnation): Clock {
  return {
    now: () => incarnation.host.now(),
    monotonic: () => incarnation.host.monotonic(),
    setTimer: (delayMs, label, run) => incarnation.schedule(delayMs, "timer", label, run),
  };
}

/** Random bytes from a stream of the host's own. */
export function createRandomPort(loop: Loop, incarnation: Incarnation): Random {
  const stream = `${incarnation.name}/random`;
  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      const view = new DataView(bytes.buffer);
      let offset = 0;
      for (; offset + 4 <= length; offset += 4) view.setUint32(offset, loop.choices.entropy(stream));
      for (let rest = loop.choices.entropy(stream); offset < length; offset += 1, rest >>>= 8) {
        view.setUint8(offset, rest & 0xff);
      }
      return bytes;
    },
  };
}

/** Log lines that carry virtual time and host. */
export function createLoggerPort(loop: Loop, incarnation: Incarnation, recorder: Recorder): Logger {
  const at =
    (level: LogLevel): Logger["info"] =>
    (message, fields = {}) => {
      if (incarnation.alive)
        recorder.line({ atMs: loop.clock.nowMs, host: incarnation.name, level, message, fields });
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
